// Which of several things a host's name means: the one under its very name, else the one under "*." and all but its first label.
// Pure; used for routes and for certificates.

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

  get isEmpty(): boolean {
    return this.#named.size === 0
  }

  /** `host` as `plainHost` gives it. */
  find(host: string): T | undefined {
    return this.all(host)[0]
  }

  /** The one under its very name first. */
  all(host: string): T[] {
    const dot = host.indexOf(".")
    const found = [this.#named.get(host), dot < 1 ? undefined : this.#named.get(`*${host.slice(dot)}`)]
    return found.filter((each) => each !== undefined)
  }
}
