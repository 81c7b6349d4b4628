// A shop's books as a careful person keeps them: what lies where at which cost, what was sold, paid, earned. Knows the platform's rules in words (what withers first goes
// first, the last part of a batch takes the rest of its cost, points are whole) and nothing of its code. Called by the end-to-end test, which holds the services against it.

export interface Batch {
  thing: string
  number: number
  /** Thousandths. */
  quantity: number
  /** Kopecks. */
  cost: number
  /** Milliseconds; infinite for what does not wither. */
  freshUntil: number
}

export interface Part {
  batch: Batch
  quantity: number
  cost: number
}

export type Method = "cash" | "card" | "bonus" | "gift_card" | "qr"

export class DayBooks {
  readonly #batches: Batch[] = []
  /** Kopecks by method; what went back is taken off. */
  readonly money = new Map<Method, number>()
  readonly writtenOff = new Map<string, number>()
  purchased = 0
  revenue = 0
  costOfSales = 0
  discounts = 0
  ordersSold = 0
  ordersReturned = 0
  returnedAmount = 0
  pointsAccrued = 0
  /** Of them by hand, without a sale. */
  pointsGranted = 0
  pointsSpent = 0
  points = 0

  receive(thing: string, { quantity, price, freshUntil }: { quantity: number; price: number; freshUntil?: Date }): Batch {
    const cost = rounded(quantity * price, 1_000)
    this.purchased += cost
    return this.#open(thing, { quantity, cost, freshUntil: freshUntil?.getTime() ?? Number.POSITIVE_INFINITY })
  }

  /** What withers first goes first. */
  take(thing: string, quantity: number): Part[] {
    const parts: Part[] = []
    let left = quantity
    const there = this.#batches.filter((batch) => batch.thing === thing && batch.quantity > 0)
    for (const batch of there.toSorted((a, b) => a.freshUntil - b.freshUntil || a.number - b.number)) {
      const part = Math.min(left, batch.quantity)
      if (part === 0) break
      const cost = part === batch.quantity ? batch.cost : rounded(batch.cost * part, batch.quantity)
      batch.quantity -= part
      batch.cost -= cost
      left -= part
      parts.push({ batch, quantity: part, cost })
    }
    if (left > 0) throw new RangeError(`${left} of ${thing} are missing`)
    return parts
  }

  giveBack(parts: readonly Part[]): void {
    for (const { batch, quantity, cost } of parts) {
      batch.quantity += quantity
      batch.cost += cost
    }
  }

  /** One thing made of others, at what they cost. */
  make(thing: string, components: readonly (readonly [thing: string, quantity: number])[]): Part[] {
    const parts = components.flatMap(([component, quantity]) => this.take(component, quantity))
    const freshUntil = Math.min(...parts.map(({ batch }) => batch.freshUntil))
    this.#open(thing, { quantity: 1_000, cost: costOf(parts), freshUntil })
    return parts
  }

  /** The reverse, to the kopeck. */
  unmake(thing: string, parts: readonly Part[]): void {
    this.take(thing, 1_000)
    this.giveBack(parts)
  }

  sell(
    goods: readonly (readonly [thing: string, quantity: number])[],
    { total, discount = 0 }: { total: number; discount?: number },
  ): Part[] {
    const parts = goods.flatMap(([thing, quantity]) => this.take(thing, quantity))
    this.revenue += total
    this.discounts += discount
    this.costOfSales += costOf(parts)
    this.ordersSold += 1
    return parts
  }

  takeBack(parts: readonly Part[], { total, discount = 0 }: { total: number; discount?: number }, goods: "shelf" | "heap"): void {
    this.revenue -= total
    this.discounts -= discount
    this.returnedAmount += total
    this.costOfSales -= costOf(parts)
    this.ordersReturned += 1
    if (goods === "shelf") this.giveBack(parts)
    else this.#loss("", costOf(parts))
  }

  writeOff(thing: string, quantity: number, reason: string): void {
    this.#loss(reason, costOf(this.take(thing, quantity)))
  }

  pay(method: Method, amount: number): void {
    this.money.set(method, (this.money.get(method) ?? 0) + amount)
    if (method === "bonus") {
      this.points -= amount / 100
      this.pointsSpent += amount / 100
    }
  }

  /** Whole points for the money that was paid, rounded down; `percent` is whole. */
  earn(paidInMoney: number, percent: number): number {
    const points = Math.floor((paidInMoney * percent) / 10_000)
    this.points += points
    this.pointsAccrued += points
    return points
  }

  grant(points: number): void {
    this.points += points
    this.pointsAccrued += points
    this.pointsGranted += points
  }

  quantityOf(thing: string): number {
    return this.#batches.filter((batch) => batch.thing === thing).reduce((sum, { quantity }) => sum + quantity, 0)
  }

  /** Of everything that lies there, kopecks. */
  get costOfStock(): number {
    return this.#batches.reduce((sum, { cost }) => sum + cost, 0)
  }

  batchesOf(thing: string): Batch[] {
    return this.#batches.filter((batch) => batch.thing === thing && batch.quantity > 0)
  }

  #open(thing: string, batch: Omit<Batch, "thing" | "number">): Batch {
    const opened = { thing, number: this.#batches.length, ...batch }
    this.#batches.push(opened)
    return opened
  }

  #loss(reason: string, cost: number): void {
    this.writtenOff.set(reason, (this.writtenOff.get(reason) ?? 0) + cost)
  }
}

const costOf = (parts: readonly Part[]): number => parts.reduce((sum, { cost }) => sum + cost, 0)

/** A part of a whole in per cent with two decimals, half away from zero. */
export const shareOf = (part: number, whole: number): number => (whole === 0 ? 0 : rounded(part * 10_000, whole) / 100)

const rounded = (value: number, by: number): number => Math.floor((2 * value + by) / (2 * by))
