// What workers that have handed over still have in flight, by version: users wait for them as for this one's own. Kept by the
// edge process, told by the guard.

export class Predecessors {
  #byWorker = new Map<number, Readonly<Record<string, number>>>()

  /** Nothing in flight means that it has ended. */
  follow(pid: number, inFlight: Readonly<Record<string, number>>): void {
    if (Object.keys(inFlight).length === 0) this.#byWorker.delete(pid)
    else this.#byWorker.set(pid, inFlight)
  }

  inFlight(version: string): number {
    let sum = 0
    for (const each of this.#byWorker.values()) sum += Object.hasOwn(each, version) ? (each[version] ?? 0) : 0
    return sum
  }

  versions(): string[] {
    return [...this.#byWorker.values()].flatMap((each) => Object.keys(each))
  }
}
