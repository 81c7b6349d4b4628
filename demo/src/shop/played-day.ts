// One day in a shop as a script, beside it its books: everything that is asked of the platform is also entered there by hand. Called by the end-to-end test.
import { simulatedBank } from "./bank.ts"
import { at as momentOf } from "./calendar.ts"
import type { ShopClient } from "./client.ts"
import { DayBooks } from "./day-books.ts"
import type { Method, Part } from "./day-books.ts"
import type { Crew, Furnished } from "./furnish.ts"
import { document, resource, to } from "./wire.ts"

export const day = "2026-03-06"
/** Kopecks. */
export const floatOfMorning = 300_000
/** Kopecks that are missing in the evening. */
export const missingInDrawer = 50
const bonusPercent = 5

export interface PlayedDay {
  books: DayBooks
  crew: Crew
  shift: string
  customer: string
  /** Kopecks: what the drawer has to hold before it is counted. */
  drawer: number
  orders: Readonly<Record<"cash" | "card" | "split" | "giftAndQr" | "points" | "delivery", string>>
  bouquets: { onShowcase: string }
  giftCard: { id: string; balance: number }
}

export interface Playing {
  shop: Furnished
  bankUrl: string
  signal: AbortSignal
}

interface Goods {
  key: string
  item: string
  quantity: number
  /** Roubles. */
  price: number
}

/** What is written in the same way all day long. */
class Desk {
  readonly shop: Furnished
  readonly crew: Crew
  readonly books = new DayBooks()
  readonly shift = crypto.randomUUID()
  drawer = floatOfMorning

  constructor(shop: Furnished) {
    const [crew] = shop.crews
    if (crew === undefined) throw new Error("The shop has no store.")
    this.shop = shop
    this.crew = crew
  }

  get cashier(): ShopClient {
    return this.crew.cashier.client
  }

  get florist(): ShopClient {
    return this.crew.florist.client
  }

  item(key: string): string {
    const item = this.shop.items.get(key)
    if (item === undefined) throw new Error(`There is no ${key}.`)
    return item.id
  }

  goods(key: string, quantity: number): Goods {
    return { key, item: this.item(key), quantity, price: this.shop.items.get(key)?.price ?? 0 }
  }

  async sell(
    minute: number,
    lines: readonly (Goods | { bouquet: string; price: number })[],
    more: { customer?: string; percent?: number } = {},
  ): Promise<{ id: string; total: number; discount: number; parts: Part[] }> {
    const id = crypto.randomUUID()
    const sums = lines.map((line) => ("item" in line ? Math.round(line.quantity * line.price * 100) : line.price * 100))
    const whole = sums.reduce((sum, each) => sum + each, 0)
    const discount = Math.floor((whole * (more.percent ?? 0) + 50) / 100)
    const order = document({ type: "orders", id, ...this.#order(minute, lines, { ...more, status: "done" }) })
    const made = await this.cashier.send("POST", "/v1/orders", order)
    const total = whole - discount
    if (Math.round(Number(made.attributes.totalAmount) * 100) !== total)
      throw new Error(`The order comes to ${String(made.attributes.totalAmount)}, not to ${total} kopecks.`)
    const things = lines.map((line) => ("item" in line ? ([line.key, line.quantity * 1_000] as const) : ([line.bouquet, 1_000] as const)))
    return { id, total, discount, parts: this.books.sell(things, { total, discount }) }
  }

  #order(
    minute: number,
    lines: readonly (Goods | { bouquet: string; price: number })[],
    { customer, percent, status }: { customer?: string; percent?: number; status: string },
  ) {
    const at = momentOf(day, minute).toISOString()
    const { shop, crew } = this
    return {
      attributes: { status, date: day, createdAt: at, updatedAt: at, ...(status === "done" ? { postedAt: at } : {}) },
      relations: {
        store: to("stores", crew.store),
        source: to("order-sources", shop.orderSources.get("In the shop") ?? ""),
        customer: customer === undefined ? undefined : to("customers", customer),
        lines: lines.map((line) => this.#line(line)),
        discounts:
          percent === undefined
            ? undefined
            : [
                resource({
                  type: "order-discounts",
                  attributes: { discountType: "discount", percent },
                  relations: { reason: to("discount-reasons", shop.discountReasons.get("Birthday") ?? "") },
                }),
              ],
      },
    }
  }

  #line(line: Goods | { bouquet: string; price: number }): object {
    return "item" in line
      ? resource({
          type: "order-lines",
          id: crypto.randomUUID(),
          attributes: { qty: line.quantity, price: line.price },
          relations: { item: to("inventory-items", line.item) },
        })
      : resource({
          type: "order-lines",
          id: crypto.randomUUID(),
          attributes: { qty: 1, price: line.price },
          relations: { bouquet: to("bouquets", line.bouquet) },
        })
  }

  async promise(minute: number, bouquet: { bouquet: string; price: number }, attributes: object): Promise<string> {
    const id = crypto.randomUUID()
    const draft = this.#order(minute, [bouquet], { status: "new" })
    const courier = to("workers", this.shop.courier.id)
    await this.cashier.send(
      "POST",
      "/v1/orders",
      document({ type: "orders", id, attributes: { ...draft.attributes, ...attributes }, relations: { ...draft.relations, courier } }),
    )
    return id
  }

  async pay(order: string, minute: number, method: Exclude<Method, "qr">, amount: number, more: object = {}): Promise<string> {
    const id = crypto.randomUUID()
    const at = momentOf(day, minute).toISOString()
    const attributes = { paymentType: "payment", amount: amount / 100, date: day, createdAt: at, postedAt: at, ...more }
    const relations = { method: to("payment-methods", this.shop.methods.get(method) ?? ""), shift: to("shifts", this.shift) }
    await this.cashier.send("POST", `/v1/orders/${order}/payments`, document({ type: "order-payments", id, attributes, relations }))
    const isPayment = !("paymentType" in more)
    this.books.pay(method, isPayment ? amount : -amount)
    if (method === "cash") this.drawer += isPayment ? amount : -amount
    return id
  }

  async make(
    minute: number,
    status: "demonstrated" | "reserved",
    order?: string,
  ): Promise<{ bouquet: string; price: number; parts: Part[] }> {
    const [recipe] = this.shop.recipes
    if (recipe === undefined) throw new Error("The shop has no recipe.")
    const id = crypto.randomUUID()
    const at = momentOf(day, minute).toISOString()
    const relations = {
      store: to("stores", this.crew.store),
      specWithVar: to("recipes", recipe.id),
      florist: to("workers", this.crew.florist.id),
      order: order === undefined ? undefined : to("orders", order),
    }
    await this.florist.send(
      "POST",
      "/v1/bouquets",
      document({ type: "bouquets", id, attributes: { status, saleAmount: recipe.price, occurredAt: at, createdAt: at }, relations }),
    )
    const keyOf = new Map([...this.shop.items.values()].map((item) => [item.id, item.key]))
    const parts = this.books.make(
      id,
      recipe.parts.map(({ item, quantity }) => [keyOf.get(item) ?? "", Math.round(quantity * 1_000)] as const),
    )
    return { bouquet: id, price: recipe.price, parts }
  }
}

export async function playDay({ shop, bankUrl, signal }: Playing): Promise<PlayedDay> {
  const desk = new Desk(shop)
  const { crew, books, shift } = desk
  const cards = await openDay(desk)
  await receive(desk)

  const shown = await desk.make(40, "demonstrated")
  const sold = await desk.make(50, "demonstrated")
  await makeAndTakeApart(desk)
  const customer = await welcome(desk)

  const cash = await desk.sell(100, [desk.goods("rose-red", 5)])
  await desk.pay(cash.id, 101, "cash", 100_000)
  await desk.pay(cash.id, 101, "cash", 100_000 - cash.total, { paymentType: "change" })

  const card = await desk.sell(130, [desk.goods("rose-pink", 7), desk.goods("ribbon", 1.5)], { percent: 10 })
  const byCard = await desk.pay(card.id, 131, "card", card.total, { terminalTransactionId: "T-131" })

  const split = await desk.sell(160, [sold, desk.goods("rose-red", 3)], { customer })
  await desk.pay(split.id, 161, "cash", 100_000)
  await desk.pay(split.id, 161, "card", split.total - 100_000, { terminalTransactionId: "T-161" })
  books.earn(split.total, bonusPercent)

  const giftAndQr = await desk.sell(200, [desk.goods("rose-red", 11)])
  const giftCard = await payByGiftAndQr(desk, giftAndQr, { bankUrl, signal })

  const points = await desk.sell(230, [desk.goods("rose-pink", 9)], { customer })
  await desk.pay(points.id, 231, "bonus", 40_000)
  await desk.pay(points.id, 232, "card", points.total - 40_000, { terminalTransactionId: "T-232" })
  books.earn(points.total - 40_000, bonusPercent)

  const delivery = await deliver(desk)

  await takeBack(desk, cash, { minute: 400, goods: "shelf" })
  await desk.pay(cash.id, 401, "cash", cash.total, { paymentType: "return" })
  await takeBack(desk, card, { minute: 420, goods: "heap" })
  await desk.pay(card.id, 421, "card", card.total, { paymentType: "return", description: `Of ${byCard}` })

  await writeOff(desk)
  await moveCash(desk)
  await closeDay(desk, cards)
  return {
    books,
    crew,
    shift,
    customer,
    drawer: desk.drawer,
    giftCard,
    orders: {
      cash: cash.id,
      card: card.id,
      split: split.id,
      giftAndQr: giftAndQr.id,
      points: points.id,
      delivery,
    },
    bouquets: { onShowcase: shown.bouquet },
  }
}

async function openDay({ crew, shift, cashier }: Desk): Promise<{ client: ShopClient; card: string }[]> {
  const startedAt = momentOf(day, 0).toISOString()
  const cards: { client: ShopClient; card: string }[] = []
  for (const { id, client } of [crew.florist, crew.cashier]) {
    const card = document({
      type: "timecards",
      attributes: { startedAt },
      relations: { worker: to("workers", id), store: to("stores", crew.store) },
    })
    cards.push({ client, card: (await client.send("POST", "/v1/timecards", card)).id })
  }
  const attributes = { openingAmount: floatOfMorning / 100, openedAt: startedAt }
  await cashier.send(
    "POST",
    "/v1/shifts",
    document({ type: "shifts", id: shift, attributes, relations: { register: to("registers", crew.register) } }),
  )
  return cards
}

interface Coming {
  key: string
  quantity: number
  defective?: number
  /** Roubles. */
  price: number
  freshFor?: number
}

/** One purchase order in two parts, with some that came spoilt; the second part is dearer and withers later. */
async function receive(desk: Desk): Promise<void> {
  const { shop, crew, florist } = desk
  const first: Coming[] = [
    { key: "rose-red", quantity: 60, defective: 3, price: 82.35, freshFor: 7 },
    { key: "rose-pink", quantity: 30, price: 71.5, freshFor: 7 },
    { key: "eucalyptus", quantity: 20, defective: 1, price: 36.25, freshFor: 12 },
  ]
  const second: Coming[] = [
    { key: "rose-red", quantity: 40, price: 90.1, freshFor: 10 },
    { key: "paper", quantity: 40, price: 14.33 },
    { key: "ribbon", quantity: 40, price: 8.77 },
  ]
  const id = crypto.randomUUID()
  const supplier = to("suppliers", shop.suppliers.get("Flower auction") ?? "")
  const store = to("stores", crew.store)
  const total = new Map<string, { qty: number; price: number }>()
  for (const { key, quantity, price } of [...first, ...second]) total.set(key, { qty: (total.get(key)?.qty ?? 0) + quantity, price })
  const lines = [...total].map(([key, { qty, price }]) => ({ itemId: desk.item(key), qty, price }))
  const attributes = { status: "ordered", occurredAt: momentOf(day, -600).toISOString(), lines }
  await shop.manager.client.send(
    "POST",
    "/v1/purchase-orders",
    document({ type: "purchase-orders", id, attributes, relations: { store, supplier } }),
  )
  for (const [minute, part] of [
    [10, first],
    [20, second],
  ] as const) {
    const at = momentOf(day, minute)
    const act = document({
      type: "receipts",
      attributes: { posted: true, occurredAt: at.toISOString(), invoiceNo: `I-${minute}` },
      relations: { store, supplier, purchaseOrder: to("purchase-orders", id), lines: part.map((each) => receiptLine(desk, each, at)) },
    })
    await florist.send("POST", "/v1/receipts", act)
  }
}

function receiptLine(desk: Desk, { key, quantity, defective = 0, price, freshFor }: Coming, at: Date): object {
  const freshUntil = freshFor === undefined ? undefined : new Date(at.getTime() + freshFor * 86_400_000)
  desk.books.receive(key, {
    quantity: (quantity - defective) * 1_000,
    price: Math.round(price * 100),
    ...(freshUntil === undefined ? {} : { freshUntil }),
  })
  const attributes = {
    qty: quantity,
    price,
    defectQty: defective,
    ...(freshUntil === undefined ? {} : { freshUntil: freshUntil.toISOString() }),
  }
  return resource({ type: "receipt-lines", attributes, relations: { item: to("inventory-items", desk.item(key)) } })
}

/** Made and taken apart again: nothing has happened to the stems. */
async function makeAndTakeApart(desk: Desk): Promise<void> {
  const { bouquet, parts } = await desk.make(60, "demonstrated")
  const attributes = { status: "disassembled", occurredAt: momentOf(day, 65).toISOString() }
  await desk.florist.send("PATCH", `/v1/bouquets/${bouquet}`, document({ type: "bouquets", id: bouquet, attributes }))
  desk.books.unmake(bouquet, parts)
}

async function welcome({ shop, cashier, books }: Desk): Promise<string> {
  const id = crypto.randomUUID()
  const attributes = {
    title: "Vera Polevaya",
    phone: "9051112233",
    countryCode: 7,
    status: "on",
    createdAt: momentOf(day, 90).toISOString(),
  }
  await cashier.send(
    "POST",
    "/v1/customers",
    document({ type: "customers", id, attributes, relations: { bonusGroup: to("bonus-groups", shop.bonusGroup) } }),
  )
  const granted = { amount: 500, reason: "A birthday", createdAt: momentOf(day, 91).toISOString() }
  await shop.manager.client.ask("POST", `/v1/customers/${id}/bonus-history`, {
    body: document({ type: "customer-bonus-history-lines", attributes: granted }),
  })
  books.grant(500)
  return id
}

async function payByGiftAndQr(
  desk: Desk,
  { id: order, total }: { id: string; total: number },
  { bankUrl, signal }: Pick<Playing, "bankUrl" | "signal">,
): Promise<PlayedDay["giftCard"]> {
  const { shop, cashier, books, shift } = desk
  const code = "VASE-2026-0306"
  const issued = document({ type: "gift-cards", attributes: { code, amount: 500, issuedAt: momentOf(day, 30).toISOString() } })
  const { id } = await shop.manager.client.send("POST", "/v1/gift-cards", issued)
  await desk.pay(order, 201, "gift_card", 50_000, { giftCardCode: code })
  const left = total - 50_000
  const qr = document({
    type: "qr-payments",
    id: crypto.randomUUID(),
    attributes: { kind: "sbp", amount: left / 100 },
    relations: { shift: to("shifts", shift) },
  })
  const made = await cashier.send("POST", `/v1/orders/${order}/qr-payments`, qr)
  const bank = simulatedBank(bankUrl, signal)
  await bank.pay(String(made.attributes.payload), momentOf(day, 205))
  await bank.release()
  books.pay("qr", left)
  return { id, balance: 0 }
}

async function deliver(desk: Desk): Promise<string> {
  const { shop, cashier, florist, books } = desk
  const made = await desk.make(240, "reserved")
  const order = await desk.promise(241, made, {
    delivery: true,
    deliveryCity: "Tver",
    deliveryStreet: "Sadovaya",
    deliveryHouse: "7",
    dueTime: momentOf(day, 340).toISOString(),
    deliveryTimeFrom: momentOf(day, 300).toISOString(),
    deliveryTimeTo: momentOf(day, 360).toISOString(),
    deliveryContact: "Vera Polevaya",
    deliveryPhoneCode: "7",
    deliveryPhoneNumber: "9051112233",
  })
  const total = made.price * 100
  await desk.pay(order, 242, "card", 100_000, { prepayment: true, terminalTransactionId: "T-242" })
  const change = (client: ShopClient, minute: number, attributes: object) =>
    client.send(
      "PATCH",
      `/v1/orders/${order}`,
      document({ type: "orders", id: order, attributes: { ...attributes, updatedAt: momentOf(day, minute).toISOString() } }),
    )
  await change(florist, 280, { status: "assembled" })
  await change(shop.courier.client, 300, { status: "courier" })
  for (const deliveryStatus of ["courier", "delivered"]) {
    await shop.courier.client.send(
      "PATCH",
      `/v1/orders/${order}/delivery-status`,
      document({ type: "orders", id: order, attributes: { deliveryStatus } }),
    )
  }
  await desk.pay(order, 345, "cash", total - 100_000)
  await change(cashier, 350, { status: "done", postedAt: momentOf(day, 350).toISOString() })
  books.sell([[made.bouquet, 1_000]], { total })
  return order
}

async function takeBack(
  { cashier, books, shift }: Desk,
  sale: { id: string; total: number; discount: number; parts: readonly Part[] },
  { minute, goods }: { minute: number; goods: "shelf" | "heap" },
): Promise<void> {
  const attributes = { returnedAt: momentOf(day, minute).toISOString(), withWriteOff: goods === "heap" }
  await cashier.send(
    "PATCH",
    `/v1/orders/${sale.id}/return`,
    document({ type: "orders", id: sale.id, attributes, relations: { shift: to("shifts", shift) } }),
  )
  books.takeBack(sale.parts, sale, goods)
}

async function writeOff(desk: Desk): Promise<void> {
  const { shop, crew, florist, books } = desk
  const act = document({
    type: "write-offs",
    attributes: { posted: true, occurredAt: momentOf(day, 450).toISOString() },
    relations: {
      store: to("stores", crew.store),
      reason: to("write-off-reasons", shop.writeOffReasons.get("Broken") ?? ""),
      lines: [
        resource({ type: "write-off-lines", attributes: { qty: 4 }, relations: { item: to("inventory-items", desk.item("rose-red")) } }),
      ],
    },
  })
  await florist.send("POST", "/v1/write-offs", act)
  books.writeOff("rose-red", 4_000, "Broken")
}

async function moveCash(desk: Desk): Promise<void> {
  const { shop, shift, cashier } = desk
  for (const [kind, amount, reason] of [
    ["deposit", 50_000, "Change from the bank"],
    ["withdraw", 150_000, "To the bank"],
  ] as const) {
    const movement = document({
      type: "cash-movements",
      attributes: { kind, amount: amount / 100, createdAt: momentOf(day, 500).toISOString() },
      relations: { shift: to("shifts", shift), reason: to("cash-reasons", shop.cashReasons.get(reason) ?? "") },
    })
    await cashier.send("POST", "/v1/cash-movements", movement)
    desk.drawer += kind === "deposit" ? amount : -amount
  }
}

async function closeDay({ cashier, shift, drawer }: Desk, cards: readonly { client: ShopClient; card: string }[]): Promise<void> {
  const attributes = { countedAmount: (drawer - missingInDrawer) / 100, closedAt: momentOf(day, 720).toISOString() }
  await cashier.send("POST", `/v1/shifts/${shift}/close`, document({ type: "shifts", attributes }))
  for (const { client, card } of cards) {
    const end = document({ type: "timecards", attributes: { endedAt: momentOf(day, 725).toISOString() } })
    await client.send("POST", `/v1/timecards/${card}/end`, end)
  }
}
