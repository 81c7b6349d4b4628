// When each copy last said that it was well: noted by the checkup between releases, so that a rollback to warm copies has
// nothing to ask. Read by verify.

export class Health {
  readonly #wellAt = new Map<string, number>()

  noteWell(copy: string, at: number): void {
    this.#wellAt.set(copy, at)
  }

  noteIll(copy: string): void {
    this.#wellAt.delete(copy)
  }

  /** Milliseconds since the copy said that it was well; undefined where it never did, or something else since. */
  wellFor(copy: string, now: number): number | undefined {
    const at = this.#wellAt.get(copy)
    // A clock that was set back says nothing about how long ago it was.
    return at === undefined || at > now ? undefined : now - at
  }

  /** Copies that are gone are forgotten. */
  keepOnly(copies: ReadonlySet<string>): void {
    for (const copy of this.#wellAt.keys()) if (!copies.has(copy)) this.#wellAt.delete(copy)
  }
}
