// What a page may expect of the answers it gets: its own version, until the moment it was told to reload by. Held by a page.
import type { Failure } from "./perform.ts"

export interface SeenAnswer {
  version: string | undefined
  rescuedFrom: string | undefined
  at: number
}

export class Pin {
  /** Undefined where the document's answer named no version: there is then nothing to hold answers against. */
  readonly version: string | undefined
  #reloadBy = Infinity
  #strayedTo: string | undefined

  constructor(version: string | undefined) {
    this.version = version
  }

  get told(): boolean {
    return this.#reloadBy !== Infinity
  }

  /** The page was told to reload by then. */
  tell(reloadBy: number): void {
    this.#reloadBy = Math.min(this.#reloadBy, reloadBy)
  }

  /** One stray answer is a wrong version; a page that goes on being answered by the other version has lost its pin. */
  judge({ version, rescuedFrom, at }: SeenAnswer): Failure | undefined {
    if (this.version === undefined || at >= this.#reloadBy) return undefined
    if (version === this.version || rescuedFrom === this.version) {
      this.#strayedTo = undefined
      return undefined
    }
    const answeredBy = version ?? "no version at all"
    const again = this.#strayedTo === answeredBy
    this.#strayedTo = answeredBy
    const detail = `a page of ${this.version} was answered by ${answeredBy}`
    return again ? { kind: "lost-pin", detail: `${detail}, again` } : { kind: "wrong-version", detail }
  }
}
