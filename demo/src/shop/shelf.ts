// What lies in a store, as whoever works there sees it: portions with their freshness, the soonest to wither first. Kept by the season, so that nobody promises what
// is not there; and by the end-to-end test, which holds the services' balances against it. Quantities in thousandths.

export interface Portion {
  item: string
  quantity: number
  /** Undefined for what does not wither. */
  freshUntil: Date | undefined
  /** Kopecks for one unit. */
  unitCost: number
  /** In the order of receipts. */
  number: number
}

let received = 0

export class Shelf {
  readonly #portions = new Map<string, Portion[]>()

  receive(portion: Omit<Portion, "number">): void {
    received += 1
    this.#put({ ...portion, number: received })
  }

  /** Back to where it was taken from. */
  giveBack(portions: readonly Portion[]): void {
    for (const portion of portions) {
      const there = this.#of(portion.item).find(({ number }) => number === portion.number)
      if (there === undefined) this.#put(portion)
      else there.quantity += portion.quantity
    }
  }

  /** What is fresh at that moment. */
  available(item: string, at: Date): number {
    return this.#of(item)
      .filter((portion) => isFresh(portion, at))
      .reduce((sum, { quantity }) => sum + quantity, 0)
  }

  count(item: string): number {
    return this.#of(item).reduce((sum, { quantity }) => sum + quantity, 0)
  }

  /** @returns undefined, and takes nothing, where there is not enough that is fresh. */
  take(item: string, quantity: number, at: Date): Portion[] | undefined {
    if (this.available(item, at) < quantity) return undefined
    return this.#pick(item, quantity, (portion) => isFresh(portion, at))
  }

  /** Fresh or not, the soonest to wither first, as far as it goes. */
  takeAny(item: string, quantity: number): Portion[] {
    return this.#pick(item, quantity, () => true)
  }

  /** By item, what has withered by then. */
  withered(at: Date): Map<string, number> {
    const found = new Map<string, number>()
    for (const [item, portions] of this.#portions) {
      const quantity = portions.filter((portion) => !isFresh(portion, at)).reduce((sum, portion) => sum + portion.quantity, 0)
      if (quantity > 0) found.set(item, quantity)
    }
    return found
  }

  items(): string[] {
    return [...this.#portions.keys()]
  }

  #pick(item: string, quantity: number, isMeant: (portion: Portion) => boolean): Portion[] {
    const taken: Portion[] = []
    let left = quantity
    for (const portion of this.#of(item).filter(isMeant)) {
      const part = Math.min(left, portion.quantity)
      if (part === 0) break
      portion.quantity -= part
      left -= part
      taken.push({ ...portion, quantity: part })
    }
    this.#portions.set(
      item,
      this.#of(item).filter((portion) => portion.quantity > 0),
    )
    return taken
  }

  #of(item: string): Portion[] {
    return this.#portions.get(item) ?? []
  }

  #put(portion: Portion): void {
    const until = ({ freshUntil }: Portion) => freshUntil?.getTime() ?? Number.POSITIVE_INFINITY
    const portions = [...this.#of(portion.item), { ...portion }].toSorted((a, b) => until(a) - until(b) || a.number - b.number)
    this.#portions.set(portion.item, portions)
  }
}

const isFresh = ({ freshUntil }: Portion, at: Date): boolean => freshUntil === undefined || freshUntil > at
