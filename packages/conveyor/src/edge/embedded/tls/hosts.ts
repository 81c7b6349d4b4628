// Which of several things a host's name means: one under its very name, or under "*." and all but its first label. Pure; used
// for certificates and for routes.

/** Small letters, without port and without the dot at its end. */
export function plainHost(authority: string): string {
  const host = authority.startsWith("[") ? authority.slice(0, authority.indexOf("]") + 1) : authority.replace(/:\d*$/, "")
  return host.toLowerCase().replace(/\.$/, "")
}

export class ByHost<T> {
  #named = new Map<string, T>()

  /** Of two under one name, the first counts. */
  add(name: string, value: T): void {
    if (!this.#named.has(name)) this.#named.set(name, value)
  }

  get names(): string[] {
    return [...this.#named.keys()]
  }

  /** `host` as `plainHost` gives it. */
  find(host: string): T | undefined {
    return this.#named.get(host) ?? this.#named.get(`*${host.slice(Math.max(0, host.indexOf(".")))}`)
  }
}
