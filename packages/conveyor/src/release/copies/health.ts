// What each copy last said of itself: noted by the checkup between releases, so that a rollback to warm copies has nothing to
// ask, and one that is ill again and again gets no requests and is replaced. Read by verify, the keeper and liveness.

/** "refuses": nobody listens, or connections break off. "silent": no answer in time. "says-so": it answers, and not that it is well. */
export type IllnessKind = "refuses" | "silent" | "says-so"

export interface Illness {
  kind: IllnessKind
  reason: string
  /** So many times in a row. */
  failures: number
  /** Of the first of them, in milliseconds since the Unix epoch. */
  since: number
  /** So many in a row, and no request is given to the copy any more. */
  outAfter: number
}

export class Health {
  readonly #wellAt = new Map<string, number>()
  readonly #wereWell = new Set<string>()
  readonly #ill = new Map<string, Illness>()

  noteWell(copy: string, at: number): void {
    this.#wellAt.set(copy, at)
    this.#wereWell.add(copy)
    this.#ill.delete(copy)
  }

  noteIll(copy: string, { kind, reason, outAfter }: Pick<Illness, "kind" | "reason" | "outAfter">, at: number): void {
    this.#wellAt.delete(copy)
    const { failures, since } = this.#ill.get(copy) ?? { failures: 0, since: at }
    this.#ill.set(copy, { kind, reason, failures: failures + 1, since, outAfter })
  }

  /** Milliseconds since the copy said that it was well; undefined where it never did, or something else since. */
  wellFor(copy: string, now: number): number | undefined {
    const at = this.#wellAt.get(copy)
    // A clock that was set back says nothing about how long ago it was.
    return at === undefined || at > now ? undefined : now - at
  }

  /** Whether it has ever been well, as far as this control plane has seen. */
  wasWell(copy: string): boolean {
    return this.#wereWell.has(copy)
  }

  illnessOf(copy: string): Illness | undefined {
    return this.#ill.get(copy)
  }

  isOut(copy: string): boolean {
    const illness = this.#ill.get(copy)
    return illness !== undefined && illness.failures >= illness.outAfter
  }

  /** Copies that are gone are forgotten. */
  keepOnly(copies: ReadonlySet<string>): void {
    const known = new Set([...this.#wellAt.keys(), ...this.#wereWell, ...this.#ill.keys()])
    for (const copy of known) {
      if (copies.has(copy)) continue
      for (const about of [this.#wellAt, this.#wereWell, this.#ill]) about.delete(copy)
    }
  }
}
