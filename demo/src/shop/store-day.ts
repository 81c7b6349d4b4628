// A day in one store, from the first timecard to the counted drawer: what came in, what withered, bouquets, customers, deliveries, what came back. Called by the season.
import type { Random } from "../random.ts"
import { at as momentOf, daysAfter } from "./calendar.ts"
import type { TradeDay } from "./calendar.ts"
import type { Crew, Furnished, MadeRecipe, Member } from "./furnish.ts"
import { Shelf } from "./shelf.ts"
import type { Portion } from "./shelf.ts"
import type { Supply } from "./supply.ts"
import { orderDocument, payWhole, sell, takeBack } from "./trade.ts"
import type { BankCustomers, Basket, Counter, Customer, GiftCard, Line, Sold } from "./trade.ts"
import { document, resource, to } from "./wire.ts"

export interface MadeBouquet {
  id: string
  /** Roubles. */
  price: number
  portions: readonly Portion[]
  freshUntil: Date
}

interface Promised {
  order: string
  customer: Customer
  /** Kopecks. */
  total: number
  paid: Sold["payments"]
  bouquet: MadeBouquet
  /** Minutes of its day. */
  due: number
}

/** What goes on from one day to the next. */
export class StoreBooks {
  readonly shelf = new Shelf()
  showcase: MadeBouquet[] = []
  /** What came back today is for sale again tomorrow. */
  aside: { bouquets: MadeBouquet[]; portions: Portion[] } = { bouquets: [], portions: [] }
  /** Deliveries by day. */
  readonly promised = new Map<string, Promised[]>()
  /** Kopecks left in the drawer. */
  float = 300_000
}

export interface World {
  shop: Furnished
  random: Random
  newId: (at: Date) => string
  bank: BankCustomers | undefined
  customers: readonly Customer[]
  giftCards: GiftCard[]
  supply: Supply
}

const shiftBegins = 10
const holidayPriceFrom = 2.5
const longBreakMs = 40 * 86_400_000

export class StoreDay {
  readonly #world: World
  readonly #crew: Crew
  readonly #books: StoreBooks
  readonly #day: TradeDay
  readonly #buyers: number
  #counter: Counter
  #drawer: string

  constructor(world: World, crew: Crew, books: StoreBooks, day: TradeDay, buyers: number) {
    this.#world = world
    this.#crew = crew
    this.#books = books
    this.#day = day
    this.#buyers = buyers
    this.#drawer = world.newId(this.#at(day.opens))
    const { shop, random, newId, bank, giftCards } = world
    this.#counter = { shop, crew, random, newId, bank, giftCards, shift: this.#drawer }
  }

  /** @param end the last day of a season may still go on; before a long break everything that withers is thrown away. */
  async play(end: "closes" | "closes for long" | "goes on"): Promise<void> {
    const { opens, closes } = this.#day
    if (closes - opens < shiftBegins * 3) return
    const cards = await this.#begin()
    await this.#bringBack()
    await this.#world.supply.receiveDue(this.#crew, this.#books.shelf, this.#at(opens + 2))
    await this.#writeOffWithered(opens + 4)
    for (const { minute, run } of this.#agenda()) await run(minute)
    if (end === "goes on") return
    if (end === "closes for long") await this.#clear()
    await this.#close(cards)
  }

  #at(minute: number): Date {
    return momentOf(this.#day.date, minute)
  }

  /** What happens when, in the day's order. */
  #agenda(): { minute: number; run: (minute: number) => Promise<void> }[] {
    const { random } = this.#world
    const [from, until] = [this.#day.opens + shiftBegins, this.#day.closes - shiftBegins]
    const minute = () => from + random.next() * (until - from)
    const buyers = Array.from({ length: this.#buyers }, () => ({ minute: minute(), run: (now: number) => this.#serve(now) }))
    const wanted = Math.max(2, Math.ceil(this.#buyers * 0.35)) - this.#books.showcase.length
    const making = Array.from({ length: Math.max(0, wanted) }, (_, index) => ({
      minute: from + (index * (until - from)) / (wanted + 1) / 2,
      run: (now: number) => this.#makeForShowcase(now),
    }))
    const deliveries = (this.#books.promised.get(this.#day.date) ?? []).map((promised) => ({
      minute: Math.min(Math.max(promised.due, from), until),
      run: (now: number) => this.#deliver(promised, now),
    }))
    return [...buyers, ...making, ...deliveries].toSorted((a, b) => a.minute - b.minute)
  }

  async #begin(): Promise<Map<Member, string>> {
    const { opens } = this.#day
    const { florist, cashier, register, store } = this.#crew
    const cards = new Map<Member, string>()
    for (const [index, member] of [florist, cashier].entries()) {
      const startedAt = this.#at(opens + index).toISOString()
      const card = document({
        type: "timecards",
        id: this.#world.newId(this.#at(opens)),
        attributes: { startedAt },
        relations: { worker: to("workers", member.id), store: to("stores", store) },
      })
      cards.set(member, (await member.client.send("POST", "/v1/timecards", card)).id)
    }
    const shift = document({
      type: "shifts",
      id: this.#drawer,
      attributes: { openingAmount: this.#books.float / 100, openedAt: this.#at(opens).toISOString() },
      relations: { register: to("registers", register), openedBy: to("workers", cashier.id) },
    })
    await cashier.client.send("POST", "/v1/shifts", shift)
    return cards
  }

  /** Stock hears of returns a moment after they were made. */
  async #bringBack(): Promise<void> {
    const { aside, shelf } = this.#books
    const { client } = this.#crew.florist
    const isBack = async (id: string) =>
      ["assembled", "demonstrated"].includes(String((await client.get(`/v1/bouquets/${id}`)).attributes.status))
    for (const { id } of aside.bouquets) await until(`the bouquet ${id} is back`, () => isBack(id))
    shelf.giveBack(aside.portions)
    for (const item of new Set(aside.portions.map((portion) => portion.item))) {
      const query = { "filter[stores]": this.#crew.store, "filter[items]": item }
      const count = async () => Math.round(Number((await client.list("/v1/stock/balances", query))[0]?.attributes.qty) * 1_000)
      await until(`${item} is back`, async () => (await count()) === shelf.count(item))
    }
    this.#books.showcase.push(...aside.bouquets)
    this.#books.aside = { bouquets: [], portions: [] }
  }

  #writeOffWithered(minute: number): Promise<void> {
    return this.#throwAway(this.#at(minute), this.#at(minute))
  }

  /** Flowers would not outlive the break. */
  #clear(): Promise<void> {
    return this.#throwAway(this.#at(this.#day.closes - 4), new Date(this.#at(this.#day.closes).getTime() + longBreakMs))
  }

  /** Everything that is not fresh any more at `until`. */
  async #throwAway(at: Date, until: Date): Promise<void> {
    const { shelf } = this.#books
    const lines: object[] = []
    for (const { id } of this.#books.showcase.filter(({ freshUntil }) => freshUntil <= until)) {
      lines.push(resource({ type: "write-off-lines", attributes: { qty: 1 }, relations: { bouquet: to("bouquets", id) } }))
    }
    this.#books.showcase = this.#books.showcase.filter(({ freshUntil }) => freshUntil > until)
    for (const [item, quantity] of shelf.withered(until)) {
      shelf.takeAny(item, quantity)
      const relations = { item: to("inventory-items", item) }
      lines.push(resource({ type: "write-off-lines", attributes: { qty: quantity / 1_000 }, relations }))
    }
    if (lines.length > 0) await this.#writeOff(lines, "Withered", at)
  }

  async #writeOff(lines: readonly object[], reason: string, at: Date): Promise<void> {
    const { shop, newId } = this.#world
    const act = document({
      type: "write-offs",
      id: newId(at),
      attributes: { posted: true, occurredAt: at.toISOString(), withExpired: true },
      relations: { store: to("stores", this.#crew.store), reason: to("write-off-reasons", shop.writeOffReasons.get(reason) ?? ""), lines },
    })
    await this.#crew.florist.client.send("POST", "/v1/write-offs", act)
  }

  async #makeForShowcase(minute: number): Promise<void> {
    const made = await this.#make(this.#at(minute), "demonstrated")
    if (made !== undefined) this.#books.showcase.push(made)
  }

  /** @returns undefined where flowers are missing for every recipe that is tried. */
  async #make(at: Date, status: "demonstrated" | "reserved", order?: string, lastsUntil = at): Promise<MadeBouquet | undefined> {
    const { shop, random, newId } = this.#world
    const recipe = random.pick(shop.recipes)
    const portions = this.#takeParts(recipe, at)
    if (portions === undefined) return undefined
    const freshUntil = new Date(Math.min(...portions.map((portion) => portion.freshUntil?.getTime() ?? Number.POSITIVE_INFINITY)))
    if (freshUntil <= lastsUntil) {
      this.#books.shelf.giveBack(portions)
      return undefined
    }
    const id = newId(at)
    const price = this.#day.demand >= holidayPriceFrom ? Math.round(recipe.price * 1.2) : recipe.price
    const moment = at.toISOString()
    const bouquet = document({
      type: "bouquets",
      id,
      attributes: {
        status,
        saleAmount: price,
        createdAt: moment,
        occurredAt: moment,
        ...(status === "demonstrated" ? { onWindowAt: moment } : {}),
      },
      relations: {
        store: to("stores", this.#crew.store),
        specWithVar: to("recipes", recipe.id),
        florist: to("workers", this.#crew.florist.id),
        ...(order === undefined ? {} : { order: to("orders", order) }),
      },
    })
    await this.#crew.florist.client.send("POST", "/v1/bouquets", bouquet)
    return { id, price, portions, freshUntil }
  }

  #takeParts({ parts }: MadeRecipe, at: Date): Portion[] | undefined {
    const taken: Portion[] = []
    for (const { item, quantity } of parts) {
      const portions = this.#books.shelf.take(item, Math.round(quantity * 1_000), at)
      if (portions === undefined) {
        this.#books.shelf.giveBack(taken)
        return undefined
      }
      taken.push(...portions)
    }
    return taken
  }

  async #serve(minute: number): Promise<void> {
    const { random } = this.#world
    const luck = random.next()
    if (luck < 0.18) return this.#promise(minute)
    const at = this.#at(minute)
    const lines = luck < 0.55 ? (this.#fromShowcase(at) ?? this.#loose(at)) : (this.#loose(at) ?? this.#fromShowcase(at))
    if (lines === undefined) return
    const basket = { lines, ...this.#about(lines) }
    const sold = await sell(this.#counter, basket, at)
    const back = minute + 25 + random.next() * 60
    if (random.next() < 0.03 && back < this.#day.closes - 1) await this.#takeBack(sold, back)
  }

  /** Regular customers have a discount now and then. */
  #about(lines: readonly Line[]): Pick<Basket, "source" | "customer" | "discount"> {
    const { shop, random, customers } = this.#world
    const source = shop.orderSources.get("In the shop") ?? ""
    if (random.next() > 0.45 || customers.length === 0) return { source }
    const customer = random.pick(customers)
    if (lines.length < 2 || random.next() > 0.3) return { source, customer }
    const reason = shop.discountReasons.get(random.pick(["Regular customer", "Birthday"])) ?? ""
    return { source, customer, discount: { percent: 5 + 5 * random.below(2), reason } }
  }

  #fromShowcase(at: Date): Line[] | undefined {
    const fresh = this.#books.showcase.filter(({ freshUntil }) => freshUntil > at)
    if (fresh.length === 0) return undefined
    const { id, price, portions } = this.#world.random.pick(fresh)
    this.#books.showcase = this.#books.showcase.filter((bouquet) => bouquet.id !== id)
    const card = this.#world.random.next() < 0.25 ? this.#some(at, "card", 1) : undefined
    return [{ bouquet: id, quantity: 1, price, portions }, ...(card === undefined ? [] : [card])]
  }

  #loose(at: Date): Line[] | undefined {
    const { shop, random } = this.#world
    const liked = [...shop.items.values()].flatMap((item) => Array.from({ length: item.liked }, () => item))
    const lines: Line[] = []
    for (let wanted = 1 + random.below(3); wanted > 0; wanted -= 1) {
      const item = random.pick(liked)
      if (lines.some((line) => line.item === item.id)) continue
      const isFlower = item.fresh !== null && item.category !== "Pots"
      const line = this.#some(at, item.key, isFlower ? 1 + 2 * random.below(item.price > 300 ? 2 : 6) : 1)
      if (line !== undefined) lines.push(line)
    }
    return lines.length === 0 ? undefined : lines
  }

  #some(at: Date, key: string, quantity: number): Line | undefined {
    const item = this.#world.shop.items.get(key)
    const portions = item === undefined ? undefined : this.#books.shelf.take(item.id, quantity * 1_000, at)
    return item === undefined || portions === undefined ? undefined : { item: item.id, quantity, price: item.price, portions }
  }

  /** Into stock as it was, or onto the heap. */
  async #takeBack(sold: Sold, minute: number): Promise<void> {
    const writeOff = this.#world.random.next() < 0.5 ? "written off" : "back to the shelf"
    await takeBack(this.#counter, sold, { at: this.#at(minute), writeOff })
    if (writeOff === "written off") return
    for (const { item, bouquet, portions, price } of sold.basket.lines) {
      if (item !== undefined) this.#books.aside.portions.push(...portions)
      const freshUntil = new Date(Math.min(...portions.map((portion) => portion.freshUntil?.getTime() ?? Number.POSITIVE_INFINITY)))
      if (bouquet !== undefined) this.#books.aside.bouquets.push({ id: bouquet, price, portions, freshUntil })
    }
  }

  /** An order to be delivered, today or on one of the next days, with half of it paid ahead. */
  async #promise(minute: number): Promise<void> {
    const { shop, random, customers, newId } = this.#world
    const at = this.#at(minute)
    const ahead = minute + 150 > this.#day.closes ? 1 : random.below(2)
    const date = daysAfter(this.#day.date, ahead)
    const due = ahead === 0 ? minute + 60 + random.next() * (this.#day.closes - minute - 75) : 11 * 60 + random.next() * 8 * 60
    const order = newId(at)
    const bouquet = await this.#make(at, "reserved", order, momentOf(date, due + 60))
    if (bouquet === undefined || customers.length === 0) return
    const customer = random.pick(customers)
    const source = shop.orderSources.get(random.pick(["Telephone", "Website", "Messenger", "Marketplace"])) ?? ""
    const basket = { lines: [{ bouquet: bouquet.id, quantity: 1, price: bouquet.price, portions: bouquet.portions }], customer, source }
    const window = { from: momentOf(date, due - 30).toISOString(), to: momentOf(date, due + 30).toISOString() }
    const attributes = {
      delivery: true,
      dueTime: window.to,
      deliveryTimeFrom: window.from,
      deliveryTimeTo: window.to,
      deliveryCity: "Tver",
      deliveryStreet: customer.address.street,
      deliveryHouse: customer.address.house,
      deliveryApartment: customer.address.apartment,
      deliveryContact: customer.title,
      deliveryPhoneCode: "7",
      deliveryPhoneNumber: customer.phone,
    }
    const more = { attributes, courier: shop.courier.id, florist: this.#crew.florist.id }
    const body = orderDocument(this.#counter, basket, { id: order, at, status: "new", seller: this.#crew.cashier, more })
    const made = await this.#crew.cashier.client.send("POST", "/v1/orders", body)
    const total = Math.round(Number(made.attributes.totalAmount) * 100)
    const half = Math.floor(total / 2 / 100) * 100
    const payment = { order, amount: half, customer: undefined, at, prepayment: "prepayment" } as const
    const paid = random.next() < 0.7 ? await payWhole(this.#counter, payment) : []
    const promised = { order, customer, total, paid, bouquet, due }
    this.#books.promised.set(date, [...(this.#books.promised.get(date) ?? []), promised])
    if (ahead === 0) await this.#deliver(promised, due)
  }

  async #deliver(promised: Promised, minute: number): Promise<void> {
    const { shop, random } = this.#world
    const { cashier, florist } = this.#crew
    const { order, customer, total, paid } = promised
    const today = this.#books.promised.get(this.#day.date) ?? []
    this.#books.promised.set(
      this.#day.date,
      today.filter((each) => each !== promised),
    )
    const change = (member: Member, attributes: object) =>
      member.client.send("PATCH", `/v1/orders/${order}`, document({ type: "orders", id: order, attributes }))
    const on = (offset: number) => this.#at(minute + offset).toISOString()
    if (random.next() < 0.04) return this.#cancel(promised, minute)
    await change(florist, { status: "assembled", updatedAt: on(-55) })
    await change(shop.courier, { status: "courier", updatedAt: on(-40) })
    const underWay = (deliveryStatus: string) => document({ type: "orders", id: order, attributes: { deliveryStatus } })
    await shop.courier.client.send("PATCH", `/v1/orders/${order}/delivery-status`, underWay("courier"))
    await shop.courier.client.send("PATCH", `/v1/orders/${order}/delivery-status`, underWay("delivered"))
    const left = total - paid.reduce((sum, { amount }) => sum + amount, 0)
    const at = this.#at(minute)
    if (left > 0) await payWhole(this.#counter, { order, amount: left, customer, at })
    await change(cashier, { status: "done", postedAt: at.toISOString(), updatedAt: at.toISOString() })
  }

  /** The bouquet goes to the showcase, the money back. */
  async #cancel({ order, paid, bouquet }: Promised, minute: number): Promise<void> {
    const { florist, cashier } = this.#crew
    const at = this.#at(minute - 30)
    const separation = document({ type: "orders-bouquets", relations: { bouquet: to("bouquets", bouquet.id) } })
    await florist.client.send("PATCH", `/v1/orders/${order}/bouquets/${bouquet.id}`, separation)
    const attributes = { status: "canceled", cancelComment: "The customer called it off", updatedAt: at.toISOString() }
    await cashier.client.send("PATCH", `/v1/orders/${order}`, document({ type: "orders", id: order, attributes }))
    for (const { id, amount } of paid) {
      const back = document({
        type: "order-payments",
        attributes: { amount: amount / 100, createdAt: at.toISOString() },
        relations: { shift: to("shifts", this.#drawer) },
      })
      await cashier.client.send("POST", `/v1/payments/${id}/refunds`, back)
    }
    this.#books.aside.bouquets.push(bouquet)
  }

  async #close(cards: ReadonlyMap<Member, string>): Promise<void> {
    const { shop, random, newId } = this.#world
    const { cashier } = this.#crew
    const at = this.#at(this.#day.closes - 2)
    const shift = await cashier.client.get(`/v1/shifts/${this.#drawer}`)
    const expected = Math.round(Number(shift.attributes.expectedAmount) * 100)
    const toBank = Math.max(0, Math.floor((expected - 300_000) / 50_000) * 50_000)
    if (toBank > 0) {
      const movement = document({
        type: "cash-movements",
        id: newId(at),
        attributes: { kind: "withdraw", amount: toBank / 100, createdAt: at.toISOString() },
        relations: { shift: to("shifts", this.#drawer), reason: to("cash-reasons", shop.cashReasons.get("To the bank") ?? "") },
      })
      await cashier.client.send("POST", "/v1/cash-movements", movement)
    }
    // Now and then a coin is missing, or one too many.
    const counted = Math.max(0, expected - toBank + (random.next() < 0.15 ? 1_000 * (random.below(7) - 4) : 0))
    const closing = document({
      type: "shifts",
      // What customers still owe is taken when they come for it.
      attributes: { countedAmount: counted / 100, unpaid: "leave", closedAt: this.#at(this.#day.closes).toISOString() },
      relations: { closedBy: to("workers", cashier.id) },
    })
    await cashier.client.send("POST", `/v1/shifts/${this.#drawer}/close`, closing)
    this.#books.float = counted
    for (const [member, card] of cards) {
      const end = document({ type: "timecards", attributes: { endedAt: this.#at(this.#day.closes + 5).toISOString() } })
      await member.client.send("POST", `/v1/timecards/${card}/end`, end)
    }
  }
}

const heardWithinMs = 20_000

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + heardWithinMs
  while (!(await isSo())) {
    if (Date.now() > giveUpAt) throw new Error(`After ${heardWithinMs / 1_000} s it is still not so that ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
