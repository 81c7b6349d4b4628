// Histories of shops as the other services would tell them: deeds, drawn by fast-check, and the events that each deed sends. Used by the tests of reports.
import fc from "fast-check"
import type { OrderSnapshot } from "@florist/kit/contracts/orders"
import type { Movement } from "@florist/kit/contracts/stock"
import type { Event } from "@florist/kit/relay"

export const idOf = (kind: number, number: number): string =>
  `${kind.toString(16).padStart(8, "0")}-0000-4000-8000-${number.toString(16).padStart(12, "0")}`

const ids = (kind: number, count: number): string[] => Array.from({ length: count }, (_, index) => idOf(kind, index + 1))
export const [stores, workers, sources, customers, items, categories] = [1, 2, 3, 4, 5, 6].map((kind) => ids(kind, 3)) as [
  string[],
  string[],
  string[],
  string[],
  string[],
  string[],
]
const reasons = ["31", "32"]

/** 60 days, which the tests' clock stands at the end of. */
export const historyStart = Date.parse("2026-01-20T00:00:00+03:00")
const historyMinutes = 60 * 24 * 60
export const historyNow = new Date(historyStart + historyMinutes * 60_000)
const at = (minute: number): Date => new Date(historyStart + minute * 60_000)

export type Told = Omit<Event, "shop">

const [of, minute, kopecks, thousandths] = [
  <T>(values: readonly T[]) => fc.constantFrom(...values),
  fc.nat(historyMinutes - 3_000),
  fc.integer({ min: 1, max: 900_000 }),
  fc.integer({ min: 1, max: 9_000 }),
]
const perhaps = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })

const line = fc.record({ item: fc.nat(2), qty: thousandths, amount: kopecks, discount: fc.nat(30), cost: fc.nat(500_000) })
const method = of(["cash", "card", "qr", "bonus", "gift_card"] as const)

const sale = fc.record({
  deed: fc.constant("sale" as const),
  store: of(stores),
  worker: perhaps(of(workers)),
  source: perhaps(of(sources)),
  customer: perhaps(of(customers)),
  lines: fc.array(line, { minLength: 1, maxLength: 4 }),
  at: minute,
  payments: fc.array(fc.record({ method, amount: kopecks }), { maxLength: 2 }),
  isFiscalized: fc.boolean(),
  delivery: fc.boolean(),
  /** What a shortage's goods turned out to cost, later. */
  correction: perhaps(fc.record({ after: fc.nat(3_000), cost: fc.nat(500_000) })),
  returned: perhaps(fc.record({ after: fc.nat(3_000), withWriteOff: fc.boolean() })),
  points: perhaps(fc.record({ earned: fc.nat(300), spent: fc.nat(300) })),
})
const openOrder = fc.record({
  deed: fc.constant("open" as const),
  store: of(stores),
  at: minute,
  dueInDays: fc.nat(12),
  total: kopecks,
  budget: kopecks,
  prepaid: perhaps(kopecks),
  status: of(["new", "assembled", "courier", "canceled"] as const),
})
const goods = fc.record({
  deed: fc.constant("goods" as const),
  kind: of(["receipt", "write-off", "count-surplus", "count-shortage"] as const),
  store: of(stores),
  item: fc.nat(2),
  qty: thousandths,
  cost: kopecks,
  reason: of(reasons),
  at: minute,
  /** The rest of the same document, another day. */
  second: perhaps(fc.nat(3_000)),
})
const shift = fc.record({
  deed: fc.constant("shift" as const),
  store: of(stores),
  at: minute,
  opening: kopecks,
  sold: kopecks,
  moved: fc.record({ kind: of(["deposit", "withdraw"] as const), amount: kopecks }),
  closed: perhaps(fc.record({ expected: kopecks, counted: perhaps(kopecks) })),
})
const bouquet = fc.record({
  deed: fc.constant("bouquet" as const),
  store: of(stores),
  at: minute,
  components: fc.uniqueArray(fc.record({ item: fc.nat(2), qty: thousandths, cost: fc.nat(90_000) }), {
    minLength: 1,
    maxLength: 3,
    selector: (c) => c.item,
  }),
  isShown: fc.boolean(),
  sold: perhaps(fc.record({ after: fc.nat(2_000), amount: kopecks, delivery: fc.boolean(), isReturned: fc.boolean() })),
})
const granted = fc.record({ deed: fc.constant("granted" as const), at: minute, points: fc.integer({ min: 1, max: 500 }) })
const worked = fc.record({
  deed: fc.constant("worked" as const),
  store: of(stores),
  worker: of(workers),
  at: minute,
  minutes: fc.integer({ min: 1, max: 720 }),
})

const deed = fc.oneof(
  { weight: 6, arbitrary: sale },
  { weight: 2, arbitrary: openOrder },
  { weight: 4, arbitrary: goods },
  { weight: 1, arbitrary: shift },
  { weight: 2, arbitrary: bouquet },
  { weight: 1, arbitrary: granted },
  { weight: 1, arbitrary: worked },
)
type Deed = typeof deed extends fc.Arbitrary<infer D> ? D : never

/** In the order in which they were sent. */
export const history: fc.Arbitrary<Told[]> = fc.array(deed, { minLength: 1, maxLength: 9 }).map(eventsOf)

/** As they may arrive: in any order, some of them again. */
export const arrivals = fc.tuple(history, fc.infiniteStream(fc.nat())).map(([told, numbers]) => {
  const next = () => Number(numbers.next().value)
  const again = told.filter(() => next() % 4 === 0)
  const arriving = [...told, ...again].map((event) => ({ event, place: next() }))
  return { told, arriving: arriving.toSorted((a, b) => a.place - b.place).map(({ event }) => event) }
})

export function eventsOf(deeds: readonly Deed[]): Told[] {
  let made = 0
  const newId = () => idOf(99, ++made)
  return deeds.flatMap((one): Told[] => {
    switch (one.deed) {
      case "sale":
        return soldEvents(one, newId)
      case "open":
        return openEvents(one, newId)
      case "goods":
        return goodsEvents(one, newId)
      case "shift":
        return shiftEvents(one, newId)
      case "bouquet":
        return bouquetEvents(one, newId)
      case "granted":
        return [told(newId, "loyalty.points-changed", at(one.at), pointsOf(newId(), null, "granted", one.points, at(one.at)))]
      default: {
        const { worker, store, minutes } = one
        const data = { id: newId(), workerId: worker, storeId: store, startedAt: at(one.at), endedAt: at(one.at + minutes), minutes }
        return [told(newId, "staff.timecard-closed", at(one.at + minutes), data)]
      }
    }
  })
}

type NewId = () => string
type Of<D extends Deed["deed"]> = Extract<Deed, { deed: D }>

/** As JSON, as it comes out of an outbox. */
const told = (newId: NewId, type: string, occurredAt: Date, data: object): Told => ({
  id: newId(),
  type,
  subject: "subject",
  occurredAt,
  data: JSON.parse(JSON.stringify(data)) as object,
})

const pointsOf = (id: string, orderId: string | null, kind: string, points: number, occurredAt: Date) => ({
  id,
  customerId: customers[0],
  orderId,
  kind,
  points,
  balance: 0,
  occurredAt,
})

export function orderWith(changes: Partial<OrderSnapshot> & Pick<OrderSnapshot, "id" | "storeId">): OrderSnapshot {
  const then = at(0)
  return {
    docNo: `N-${changes.id.slice(-6)}`,
    status: "new",
    revision: 1,
    customerId: null,
    sourceId: null,
    createdBy: null,
    postedBy: null,
    floristId: null,
    courierId: null,
    date: "2026-02-01",
    dueTime: null,
    createdAt: then,
    updatedAt: then,
    postedAt: null,
    returnedAt: null,
    delivery: false,
    deliveryStatus: null,
    fiscalized: false,
    byBonuses: false,
    totalAmount: 0,
    discountAmount: 0,
    markupAmount: 0,
    budget: 0,
    lines: [],
    ...changes,
  }
}

export const movementWith = (
  changes: Partial<Movement> & Pick<Movement, "id" | "storeId" | "kind" | "qty" | "cost" | "occurredAt">,
): Movement => ({
  itemId: null,
  bouquetId: null,
  batchId: idOf(98, 1),
  categoryId: null,
  documentId: idOf(98, 2),
  documentNo: "D-1",
  lineId: "1",
  reasonId: null,
  ...changes,
})

/** The third item has no category. */
const categoryOf = (item: number): string | null => (item === 2 ? null : (categories[item] ?? null))

function soldEvents(deed: Of<"sale">, newId: NewId): Told[] {
  const [id, sold] = [newId(), at(deed.at)]
  const lines = deed.lines.map(({ item, qty, amount, discount }) => ({
    id: newId(),
    itemId: items[item] ?? null,
    bouquetId: null,
    title: `item ${item}`,
    categoryId: categoryOf(item),
    qty,
    price: amount,
    amount,
    total: amount - Math.floor((amount * discount) / 100),
  }))
  const totalAmount = lines.reduce((sum, { total }) => sum + total, 0)
  const order = orderWith({
    id,
    storeId: deed.store,
    postedBy: deed.worker,
    createdBy: workers[2] ?? null,
    sourceId: deed.source,
    customerId: deed.customer,
    delivery: deed.delivery,
    lines,
    totalAmount,
    discountAmount: lines.reduce((sum, { amount, total }) => sum + amount - total, 0),
  })
  const posted = { ...order, status: "done" as const, revision: 2, postedAt: sold }
  const movements = deed.lines.map(({ item, qty, cost }, index) =>
    movementWith({
      id: newId(),
      storeId: deed.store,
      itemId: items[item] ?? null,
      categoryId: categoryOf(item),
      kind: "sale",
      qty: -qty,
      cost: -cost,
      documentId: id,
      lineId: lines[index]?.id ?? "",
      occurredAt: sold,
    }),
  )
  const events = [
    told(newId, "order.changed", sold, order),
    told(newId, "order.posted", sold, posted),
    told(newId, "stock.movements-recorded", sold, { movements }),
    told(newId, "stock.order-issued", sold, { orderId: id, lines: [] }),
    ...deed.payments.map(({ method: by, amount }) =>
      told(newId, "payment.recorded", sold, {
        id: newId(),
        orderId: id,
        storeId: deed.store,
        customerId: null,
        shiftId: null,
        workerId: null,
        kind: "payment",
        method: by,
        amount,
        occurredAt: sold,
      }),
    ),
  ]
  if (deed.isFiscalized) events.push(told(newId, "order.changed", sold, { ...posted, revision: 3, fiscalized: true }))
  const [first] = movements
  if (deed.correction !== null && first !== undefined) {
    const later = at(deed.at + deed.correction.after)
    events.push(
      told(newId, "stock.movements-recorded", later, {
        movements: [
          { ...first, id: newId(), kind: "correction", qty: -first.qty, cost: -first.cost, occurredAt: later },
          { ...first, id: newId(), cost: -deed.correction.cost, occurredAt: later },
        ],
      }),
    )
  }
  if (deed.points !== null) {
    events.push(told(newId, "loyalty.points-changed", sold, pointsOf(newId(), id, "earned", deed.points.earned, sold)))
    events.push(told(newId, "loyalty.points-changed", sold, pointsOf(newId(), id, "spent", -deed.points.spent, sold)))
  }
  if (deed.returned !== null) {
    const back = at(deed.at + deed.returned.after)
    const returned = { ...posted, status: "returned", revision: 4, fiscalized: deed.isFiscalized, returnedAt: back }
    events.push(
      told(newId, "order.returned", back, { order: returned, withWriteOff: deed.returned.withWriteOff, returnedBy: null, shiftId: null }),
    )
    const returning = movements.flatMap((one): Movement[] => [
      { ...one, id: newId(), kind: "sale-return", qty: -one.qty, cost: -one.cost, occurredAt: back },
      ...(deed.returned?.withWriteOff === true
        ? [{ ...one, id: newId(), kind: "write-off" as const, reasonId: reasons[0] ?? null, occurredAt: back }]
        : []),
    ])
    events.push(told(newId, "stock.movements-recorded", back, { movements: returning }))
    for (const { method: by, amount } of deed.payments) {
      const fact = {
        id: newId(),
        orderId: id,
        storeId: deed.store,
        customerId: null,
        shiftId: null,
        workerId: null,
        kind: "return",
        method: by,
        amount,
        occurredAt: back,
      }
      events.push(told(newId, "payment.recorded", back, fact))
    }
    if (deed.points !== null) {
      events.push(told(newId, "loyalty.points-changed", back, pointsOf(newId(), id, "earning-reversed", -deed.points.earned, back)))
      events.push(told(newId, "loyalty.points-changed", back, pointsOf(newId(), id, "spending-restored", deed.points.spent, back)))
    }
  }
  return events
}

function openEvents(deed: Of<"open">, newId: NewId): Told[] {
  const [id, made] = [newId(), at(deed.at)]
  const dueTime = new Date(historyNow.getTime() + deed.dueInDays * 86_400_000)
  const order = orderWith({ id, storeId: deed.store, dueTime, totalAmount: deed.total, budget: deed.budget })
  const events = [told(newId, "order.changed", made, order)]
  if (deed.status !== "new") events.push(told(newId, "order.changed", made, { ...order, revision: 2, status: deed.status }))
  if (deed.prepaid !== null) {
    const fact = {
      id: newId(),
      orderId: id,
      storeId: deed.store,
      customerId: null,
      shiftId: null,
      workerId: null,
      kind: "payment",
      method: "card",
    }
    events.push(told(newId, "payment.recorded", made, { ...fact, amount: deed.prepaid, occurredAt: made }))
  }
  return events
}

function goodsEvents(deed: Of<"goods">, newId: NewId): Told[] {
  const { kind, store: storeId, qty, cost, reason } = deed
  const sign = kind === "receipt" || kind === "count-surplus" ? 1 : -1
  const documentId = newId()
  return [deed.at, ...(deed.second === null ? [] : [deed.at + deed.second])].map((when) => {
    const movement = movementWith({
      id: newId(),
      storeId,
      itemId: items[deed.item] ?? null,
      categoryId: categoryOf(deed.item),
      kind,
      qty: sign * qty,
      cost: sign * cost,
      documentId,
      reasonId: kind === "write-off" ? reason : null,
      occurredAt: at(when),
    })
    return told(newId, "stock.movements-recorded", at(when), { movements: [movement] })
  })
}

function shiftEvents(deed: Of<"shift">, newId: NewId): Told[] {
  const [id, opened] = [newId(), at(deed.at)]
  const registerId = idOf(7, stores.indexOf(deed.store) + 1)
  const shiftNow = {
    id,
    storeId: deed.store,
    registerId,
    status: "open",
    openedAt: opened,
    closedAt: null,
    opening: deed.opening,
    expected: deed.opening + 1_234,
    counted: null,
  }
  const payment = {
    id: newId(),
    orderId: null,
    storeId: deed.store,
    customerId: null,
    shiftId: id,
    workerId: null,
    kind: "payment",
    method: "cash",
  }
  const events = [
    told(newId, "payment.cash-shift-changed", opened, shiftNow),
    told(newId, "payment.recorded", opened, { ...payment, amount: deed.sold, occurredAt: opened }),
    told(newId, "payment.cash-moved", opened, {
      id: newId(),
      storeId: deed.store,
      shiftId: id,
      reasonId: null,
      ...deed.moved,
      occurredAt: opened,
    }),
  ]
  if (deed.closed !== null) {
    const closed = { ...shiftNow, status: "closed", closedAt: at(deed.at + 600), ...deed.closed }
    events.push(told(newId, "payment.cash-shift-changed", at(deed.at + 600), closed))
  }
  return events
}

function bouquetEvents(deed: Of<"bouquet">, newId: NewId): Told[] {
  const [id, made] = [newId(), at(deed.at)]
  const cost = deed.components.reduce((sum, component) => sum + component.cost, 0)
  const snapshot = {
    id,
    docNo: "B-1",
    title: "bouquet",
    storeId: deed.store,
    orderId: null,
    floristId: null,
    cost,
    salePrice: 1e5,
    assembledAt: made,
    onWindowAt: null as Date | null,
    status: "assembled",
    revision: 1,
  }
  const assembling = deed.components.map(({ item, qty, cost: each }) =>
    movementWith({
      id: newId(),
      storeId: deed.store,
      itemId: items[item] ?? null,
      categoryId: categoryOf(item),
      kind: "assembly-out",
      qty: -qty,
      cost: -each,
      documentId: id,
      lineId: String(item),
      occurredAt: made,
    }),
  )
  const piece = movementWith({
    id: newId(),
    storeId: deed.store,
    bouquetId: id,
    kind: "assembly-in",
    qty: 1_000,
    cost,
    documentId: id,
    occurredAt: made,
  })
  const events = [
    told(newId, "stock.bouquet-changed", made, snapshot),
    told(newId, "stock.movements-recorded", made, { movements: [...assembling, piece] }),
  ]
  const shown = { ...snapshot, status: "demonstrated", revision: 2, onWindowAt: at(deed.at + 10) }
  if (deed.isShown) events.push(told(newId, "stock.bouquet-changed", at(deed.at + 10), shown))
  if (deed.sold === null) return events
  const sold = at(deed.at + 20 + deed.sold.after)
  const { amount } = deed.sold
  const order = orderWith({
    id: newId(),
    storeId: deed.store,
    status: "done",
    revision: 1,
    postedAt: sold,
    delivery: deed.sold.delivery,
    totalAmount: amount,
    lines: [
      {
        id: newId(),
        itemId: null,
        bouquetId: id,
        title: "bouquet",
        categoryId: null,
        qty: 1e3,
        price: amount,
        amount,
        total: amount,
      },
    ],
  })
  const leaving = movementWith({
    id: newId(),
    storeId: deed.store,
    bouquetId: id,
    kind: "sale",
    qty: -1_000,
    cost: -cost,
    documentId: order.id,
    occurredAt: sold,
  })
  events.push(told(newId, "order.posted", sold, order))
  events.push(told(newId, "stock.movements-recorded", sold, { movements: [leaving] }))
  const gone = { ...(deed.isShown ? shown : snapshot), status: "sold", revision: 3 }
  events.push(told(newId, "stock.bouquet-changed", sold, gone))
  if (deed.sold.isReturned) {
    const back = new Date(sold.getTime() + 60_000)
    const returned = { ...order, status: "returned", revision: 2, returnedAt: back }
    events.push(told(newId, "order.returned", back, { order: returned, withWriteOff: false, returnedBy: null, shiftId: null }))
    events.push(
      told(newId, "stock.movements-recorded", back, {
        movements: [{ ...leaving, id: newId(), kind: "sale-return", qty: 1_000, cost, occurredAt: back }],
      }),
    )
  }
  return events
}
