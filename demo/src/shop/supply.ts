// What a shop buys and moves: purchase orders from the platform's plan, receipts in parts with what came spoilt, transfers and stocktakes. Called by the season
// and by a store's day.
import type { Random } from "../random.ts"
import { at as momentOf, daysAfter } from "./calendar.ts"
import type { Crew, Furnished, Item } from "./furnish.ts"
import type { Shelf } from "./shelf.ts"
import { document, resource, to } from "./wire.ts"

interface Coming {
  crew: Crew
  order: string
  supplier: string
  invoice: string
  lines: { item: Item; quantity: number; cost: number }[]
  /** Nothing is expected behind it. */
  part: "first" | "last"
}

export interface Supplying {
  shop: Furnished
  random: Random
  newId: (at: Date) => string
  signal: AbortSignal
}

const dayMs = 86_400_000
const deliveryDays: Readonly<Record<string, number>> = { "Rose plantation": 2, "Flower auction": 1, "Wholesale store": 2 }
const planIsKnownWithinMs = 10_000

export class Supply {
  readonly #with: Supplying
  /** By day, then by store. */
  readonly #coming = new Map<string, Coming[]>()
  #invoices = 0

  constructor(supplying: Supplying) {
    this.#with = supplying
  }

  /** @param busy how many times the usual balances the coming days need. */
  async orderAhead(
    crew: Crew,
    shelf: Shelf,
    { date, minute, busy, arrives }: { date: string; minute: number; busy: number; arrives?: string },
  ): Promise<void> {
    const planned = await this.#plan(crew)
    const { shop } = this.#with
    const wanted = [...shop.items.values()].flatMap((item) => {
      const missing = Math.ceil(item.minimum * busy - shelf.count(item.id) / 1_000 - this.#onOrder(crew, item))
      const quantity = Math.max(missing, busy >= 1 ? 0 : Math.ceil((planned.get(item.id) ?? 0) * busy))
      return quantity > 0 && (planned.has(item.id) || busy > 1)
        ? [{ item, quantity, cost: busy > 2 ? Math.round(item.cost * 1.25) : item.cost }]
        : []
    })
    for (const [supplier, lines] of Map.groupBy(wanted, ({ item }) => item.supplier)) {
      await this.#order(crew, {
        supplier,
        lines,
        at: momentOf(date, minute),
        arrives: arrives ?? daysAfter(date, deliveryDays[supplier] ?? 1),
      })
    }
  }

  async receiveDue(crew: Crew, shelf: Shelf, at: Date): Promise<void> {
    const until = new Date(at.getTime() + dayMs / 8).toISOString().slice(0, 10)
    for (const [date, all] of this.#coming) {
      if (date > until) continue
      const mine = all.filter((each) => each.crew === crew)
      this.#coming.set(
        date,
        all.filter((each) => each.crew !== crew),
      )
      for (const coming of mine) await this.#receive(coming, shelf, at)
    }
  }

  /** Part of what one store has most of, where the other has little. */
  async balance([from, to_]: readonly [Crew, Crew], shelves: readonly [Shelf, Shelf], at: Date): Promise<void> {
    const { shop } = this.#with
    const spare = [...shop.items.values()]
      .map((item) => ({ item, more: shelves[0].available(item.id, at) - 2 * shelves[1].available(item.id, at) }))
      .filter(({ more }) => more >= 6_000)
      .toSorted((a, b) => b.more - a.more)
      .slice(0, 3)
    if (spare.length === 0) return
    const lines = spare.map(({ item, more }) => {
      const quantity = Math.floor(more / 3 / 1_000) * 1_000
      for (const portion of shelves[0].take(item.id, quantity, at) ?? []) shelves[1].receive(portion)
      return resource({
        type: "movement-act-lines",
        attributes: { qty: quantity / 1_000 },
        relations: { item: to("inventory-items", item.id) },
      })
    })
    const act = document({
      type: "movement-acts",
      attributes: { posted: true, occurredAt: at.toISOString() },
      relations: { from: to("stores", from.store), to: to("stores", to_.store), lines },
    })
    await shop.manager.client.send("POST", "/v1/movement-acts", act)
  }

  /** Of the wares; now and then one is missing, or turns up again. */
  async count(crew: Crew, shelf: Shelf, at: Date): Promise<void> {
    const { shop, random, newId } = this.#with
    const lines = [...shop.items.values()]
      .filter(({ supplier }) => supplier === "Wholesale store")
      .map((item) => {
        const off = random.next() < 0.2 ? random.pick([-1_000, -1_000, 1_000]) : 0
        const counted = Math.max(0, shelf.count(item.id) + off)
        const difference = counted - shelf.count(item.id)
        if (difference < 0) shelf.takeAny(item.id, -difference)
        if (difference > 0)
          shelf.receive({ item: item.id, quantity: difference, freshUntil: undefined, unitCost: Math.round(item.cost * 100) })
        return resource({
          type: "stocktake-lines",
          attributes: { qty: counted / 1_000 },
          relations: { item: to("inventory-items", item.id) },
        })
      })
    const act = document({
      type: "stocktakes",
      id: newId(at),
      attributes: { posted: true, occurredAt: at.toISOString() },
      relations: { store: to("stores", crew.store), lines },
    })
    await crew.florist.client.send("POST", "/v1/stocktakes", act)
  }

  /** By item, what the platform would order. New items reach it a moment after they were made. */
  async #plan(crew: Crew): Promise<Map<string, number>> {
    const giveUpAt = Date.now() + planIsKnownWithinMs
    for (;;) {
      const lines = await crew.florist.client.list("/v1/purchase-plan", { "filter[store]": crew.store })
      const isFirst = this.#invoices === 0 && this.#coming.size === 0
      if (!isFirst || lines.length === this.#with.shop.items.size)
        return new Map(lines.map(({ id, attributes }) => [id, Number(attributes.qty)]))
      if (Date.now() > giveUpAt) throw new Error(`The purchase plan knows ${lines.length} of ${this.#with.shop.items.size} items.`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  #onOrder(crew: Crew, item: Item): number {
    const lines = [...this.#coming.values()].flat().filter((coming) => coming.crew === crew)
    return lines.flatMap((coming) => coming.lines.filter((line) => line.item === item)).reduce((sum, { quantity }) => sum + quantity, 0)
  }

  async #order(
    crew: Crew,
    { supplier, lines, at, arrives }: { supplier: string; lines: Coming["lines"]; at: Date; arrives: string },
  ): Promise<void> {
    const { shop, newId } = this.#with
    const id = newId(at)
    const attributes = {
      status: "ordered",
      occurredAt: at.toISOString(),
      expectedOn: arrives,
      lines: lines.map(({ item, quantity, cost }) => ({ itemId: item.id, qty: quantity, price: cost })),
    }
    const relations = { store: to("stores", crew.store), supplier: to("suppliers", shop.suppliers.get(supplier) ?? "") }
    await shop.manager.client.send("POST", "/v1/purchase-orders", document({ type: "purchase-orders", id, attributes, relations }))
    this.#invoices += 1
    this.#expect(arrives, { crew, order: id, supplier, invoice: `${supplier.slice(0, 1)}-${this.#invoices}`, lines, part: "first" })
  }

  #expect(date: string, coming: Coming): void {
    this.#coming.set(date, [...(this.#coming.get(date) ?? []), coming])
  }

  async #receive(coming: Coming, shelf: Shelf, at: Date): Promise<void> {
    const { shop, random, newId } = this.#with
    const { crew, order, supplier, invoice, lines, part } = coming
    const isSplit = part === "first" && lines.length > 2 && random.next() < 0.2
    const now = isSplit ? lines.slice(0, Math.ceil(lines.length / 2)) : lines
    const received = now.map(({ item, quantity, cost }) => {
      const defective = item.fresh !== null && random.next() < 0.08 ? Math.min(quantity, 1 + random.below(3)) : 0
      const freshUntil = item.fresh === null ? undefined : new Date(at.getTime() + item.fresh * dayMs)
      const whole = (quantity - defective) * 1_000
      if (whole > 0) shelf.receive({ item: item.id, quantity: whole, freshUntil, unitCost: Math.round(cost * 100) })
      return resource({
        type: "receipt-lines",
        attributes: {
          qty: quantity,
          price: cost,
          defectQty: defective,
          ...(freshUntil === undefined ? {} : { freshUntil: freshUntil.toISOString() }),
        },
        relations: { item: to("inventory-items", item.id) },
      })
    })
    const act = document({
      type: "receipts",
      id: newId(at),
      attributes: { posted: true, occurredAt: at.toISOString(), invoiceNo: part === "last" ? `${invoice}/2` : invoice },
      relations: {
        store: to("stores", crew.store),
        supplier: to("suppliers", shop.suppliers.get(supplier) ?? ""),
        purchaseOrder: to("purchase-orders", order),
        lines: received,
      },
    })
    await crew.florist.client.send("POST", "/v1/receipts", act)
    if (isSplit) {
      const next = daysAfter(at.toISOString().slice(0, 10), 1)
      this.#expect(next, { ...coming, lines: lines.slice(now.length), part: "last" })
      return
    }
    // What came spoilt is not waited for.
    const kept = await crew.florist.client.get(`/v1/purchase-orders/${order}`)
    if (kept.attributes.status !== "partially-received") return
    const done = document({ type: "purchase-orders", id: order, attributes: { status: "received" } })
    await shop.manager.client.send("PATCH", `/v1/purchase-orders/${order}`, done)
  }
}
