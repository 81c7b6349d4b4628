// What the figures must be, counted by brute force over the raw events: no projection, no database, nothing of the service's own code. Used by the property tests.
import type { OrderSnapshot } from "@florist/kit/contracts/orders"
import type { Movement } from "@florist/kit/contracts/stock"
import type { Told } from "./history.ts"

export interface Question {
  /** Undefined for all. */
  stores: readonly string[] | undefined
  categories: readonly string[] | undefined
  from: string
  to: string
}

type Line = OrderSnapshot["lines"][number]
interface Posting {
  sign: 1 | -1
  order: OrderSnapshot
  day: string
  hour: number
}

const moscow = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Moscow", dateStyle: "short", timeStyle: "short" })
const localDay = (at: string | Date): string => moscow.format(new Date(at)).slice(0, 10)
const localHour = (at: string | Date): number => Number(moscow.format(new Date(at)).slice(11, 13))
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const dataOf = <T>(told: readonly Told[], type: string): T[] => told.filter((event) => event.type === type).map(({ data }) => data as T)

export function oracle(told: readonly Told[]) {
  const postings: Posting[] = [
    ...dataOf<OrderSnapshot>(told, "order.posted").map((order) => posting(1, order, order.postedAt)),
    ...dataOf<{ order: OrderSnapshot }>(told, "order.returned").map(({ order }) => posting(-1, order, order.returnedAt)),
  ]
  const newest = new Map<string, OrderSnapshot>()
  for (const { type, data } of told) {
    if (!type.startsWith("order.")) continue
    const order = type === "order.returned" ? (data as { order: OrderSnapshot }).order : (data as OrderSnapshot)
    if ((newest.get(order.id)?.revision ?? 0) < order.revision) newest.set(order.id, order)
  }
  const payments = dataOf<{
    orderId: string | null
    storeId: string
    kind: string
    method: string
    amount: number
    occurredAt: string
    shiftId: string | null
  }>(told, "payment.recorded")
  const movements = told
    .filter(({ type }) => type === "stock.movements-recorded")
    .flatMap(({ data }) => withClasses((data as { movements: Movement[] }).movements))
  const points = dataOf<{ orderId: string | null; kind: string; points: number; occurredAt: string }>(told, "loyalty.points-changed")
  const paid = (order: string) => sum(payments.filter(({ orderId }) => orderId === order).map(signed))

  const asked = (question: Question, store: string | null, day: string) =>
    (question.stores === undefined || (store !== null && question.stores.includes(store))) && day >= question.from && day <= question.to
  const linesIn = (question: Question, order: OrderSnapshot): Line[] =>
    order.lines.filter(({ categoryId }) => question.categories?.includes(categoryId ?? "") ?? true)
  const amountIn = (question: Question, order: OrderSnapshot): number =>
    question.categories === undefined ? order.totalAmount : sum(linesIn(question, order).map(({ total }) => total))
  const postingsIn = (question: Question) =>
    postings.filter(
      ({ order, day }) => asked(question, order.storeId, day) && (question.categories === undefined || linesIn(question, order).length > 0),
    )
  const movedIn = (question: Question, wanted: string) =>
    movements.filter((one) => one.for === wanted && asked(question, one.storeId, localDay(one.occurredAt)))

  function general(question: Question) {
    const counted = postingsIn(question)
    const [sold, returned] = [counted.filter(({ sign }) => sign === 1), counted.filter(({ sign }) => sign === -1)]
    const amount = (some: readonly Posting[]) => sum(some.map(({ order }) => amountIn(question, order)))
    const cost =
      0 -
      sum(
        movedIn(question, "sale")
          .filter(({ categoryId }) => question.categories?.includes(categoryId ?? "") ?? true)
          .map((one) => one.cost),
      )
    const revenue = amount(sold) - amount(returned)
    const discount = sum(
      counted.map(({ sign, order }) =>
        question.categories === undefined
          ? sign * order.discountAmount
          : sign * sum(linesIn(question, order).map((line) => Math.max(0, line.amount - line.total))),
      ),
    )
    const money = sum(
      payments
        .filter(({ method, storeId, occurredAt }) => method !== "bonus" && asked(question, storeId, localDay(occurredAt)))
        .map(signed),
    )
    const pointsIn = (kinds: readonly string[]) =>
      sum(
        points
          .filter(
            ({ kind, orderId, occurredAt }) =>
              kinds.includes(kind) && asked(question, newest.get(orderId ?? "")?.storeId ?? null, localDay(occurredAt)),
          )
          .map((entry) => entry.points),
      )
    return {
      revenue,
      money,
      profit: revenue - cost,
      orders: sold.length,
      returnedOrders: returned.length,
      returned: amount(returned),
      discount,
      checks: sold.filter(({ order }) => newest.get(order.id)?.fiscalized === true).length,
      accrued: pointsIn(["earned", "earning-reversed", "granted"]),
      spent: 0 - pointsIn(["spent", "spending-restored"]),
      cash: cashIn(question),
      isNegative: [...balances(question).values()].some(({ qty }) => qty < 0),
    }
  }

  /** The last shift of each register: what is expected in it while it is open, what was counted when it is closed. */
  function cashIn(question: Question): number {
    type Shift = {
      id: string
      storeId: string
      registerId: string
      status: string
      openedAt: string
      opening: number
      expected: number
      counted: number | null
    }
    const shifts = new Map<string, Shift>()
    for (const shift of dataOf<Shift>(told, "payment.cash-shift-changed").toSorted(
      (a, b) => (a.status === "closed" ? 1 : 0) - (b.status === "closed" ? 1 : 0),
    )) {
      shifts.set(shift.id, shift)
    }
    const last = new Map<string, Shift>()
    for (const shift of shifts.values()) {
      const other = last.get(shift.registerId)
      if (other === undefined || [other.openedAt, other.id].join() < [shift.openedAt, shift.id].join()) last.set(shift.registerId, shift)
    }
    const inDrawer = (shift: string) =>
      sum(payments.filter(({ shiftId, method }) => shiftId === shift && method === "cash").map(signed)) +
      sum(
        dataOf<{ shiftId: string; kind: string; amount: number }>(told, "payment.cash-moved")
          .filter(({ shiftId }) => shiftId === shift)
          .map(({ kind, amount }) => (kind === "deposit" ? amount : -amount)),
      )
    return sum(
      [...last.values()]
        .filter(({ storeId }) => question.stores?.includes(storeId) ?? true)
        .map((shift) => (shift.status === "open" ? shift.expected + inDrawer(shift.id) : (shift.counted ?? shift.expected))),
    )
  }

  function balances(question: Question): Map<string, { qty: number; cost: number }> {
    const there = new Map<string, { qty: number; cost: number }>()
    for (const { storeId, itemId, bouquetId, qty, cost } of movements) {
      if (question.stores?.includes(storeId) === false) continue
      const place = [storeId, itemId, bouquetId].join()
      const before = there.get(place) ?? { qty: 0, cost: 0 }
      there.set(place, { qty: before.qty + qty, cost: before.cost + cost })
    }
    return there
  }

  const grouped = <T>(some: readonly T[], key: (one: T) => string, value: (one: T) => number): Record<string, number> =>
    Object.fromEntries([...Map.groupBy(some, key)].map(([name, ones]) => [name, sum(ones.map(value))]))

  return {
    general,
    workers: (question: Question) =>
      grouped(
        postingsIn(question),
        ({ order }) => order.postedBy ?? order.createdBy ?? "",
        ({ sign, order }) => sign * amountIn(question, order),
      ),
    workerOrders: (question: Question) =>
      grouped(
        postingsIn(question),
        ({ order }) => order.postedBy ?? order.createdBy ?? "",
        ({ sign }) => sign,
      ),
    sources: (question: Question) =>
      grouped(
        postingsIn(question),
        ({ order }) => order.sourceId ?? "",
        ({ sign, order }) => sign * amountIn(question, order),
      ),
    revenueByDay: (question: Question) =>
      grouped(
        postingsIn(question),
        ({ day }) => day,
        ({ sign, order }) => sign * amountIn(question, order),
      ),
    methods: (question: Question) =>
      grouped(
        payments.filter(({ storeId, occurredAt }) => asked(question, storeId, localDay(occurredAt))),
        ({ method }) => method,
        signed,
      ),
    debts: (question: Question) => {
      const open = [...newest.values()].filter(
        (order) => (question.stores?.includes(order.storeId) ?? true) && !["canceled", "returned", "notAccepted"].includes(order.status),
      )
      const waiting = open.filter(({ postedAt }) => postedAt === null)
      const owing = open.filter(({ postedAt, id, totalAmount }) => postedAt !== null && paid(id) < totalAmount)
      return {
        prepaid: sum(waiting.map(({ id }) => paid(id))),
        budget: sum(waiting.map(({ budget }) => budget)),
        debt: sum(owing.map(({ id, totalAmount }) => totalAmount - paid(id))),
        debtors: owing.length,
        points: sum(points.map((entry) => entry.points)),
        due: grouped(
          [...waiting, ...owing].filter(({ id, totalAmount, dueTime }) => dueTime !== null && paid(id) < totalAmount),
          ({ dueTime }) => localDay(dueTime ?? ""),
          () => 1,
        ),
      }
    },
    stock: (question: Question) => {
      const cost = (wanted: string) => sum(movedIn(question, wanted).map((one) => one.cost))
      const documents = (...wanted: string[]) => {
        const firstDays = new Map<string, { store: string; day: string }>()
        for (const one of movements.filter((each) => wanted.includes(each.for))) {
          const [place, day] = [[one.documentId, one.storeId].join(), localDay(one.occurredAt)]
          if (day < (firstDays.get(place)?.day ?? "9999")) firstDays.set(place, { store: one.storeId, day })
        }
        return [...firstDays.values()].filter(({ store, day }) => asked(question, store, day)).length
      }
      return {
        receipts: documents("receipt"),
        writeOffs: documents("write-off"),
        counts: documents("surplus", "shortage"),
        receiptCost: cost("receipt"),
        writeOffCost: 0 - cost("write-off"),
        shortages: 0 - cost("shortage"),
        surpluses: cost("surplus"),
        byReason: grouped(
          movedIn(question, "write-off"),
          ({ reasonId }) => reasonId ?? "",
          (one) => 0 - one.cost,
        ),
        byCategory: grouped(
          movedIn(question, "receipt"),
          ({ categoryId }) => categoryId ?? "",
          (one) => one.cost,
        ),
        writtenOffItems: grouped(
          movedIn(question, "write-off"),
          ({ itemId }) => itemId ?? "",
          (one) => 0 - one.cost,
        ),
        balanceCost: sum([...balances(question).values()].map(({ cost: each }) => each)),
      }
    },
    showcase: (question: Question) => {
      type Snapshot = {
        id: string
        status: string
        revision: number
        storeId: string
        cost: number
        salePrice: number
        onWindowAt: string | null
      }
      const snapshots = dataOf<Snapshot>(told, "stock.bouquet-changed")
      const shown = new Map(snapshots.filter(({ onWindowAt }) => onWindowAt !== null).map(({ id, cost }) => [id, cost]))
      const latest = new Map<string, Snapshot>()
      for (const one of snapshots) if ((latest.get(one.id)?.revision ?? 0) < one.revision) latest.set(one.id, one)
      const sales = postings
        .filter(({ order, day }) => asked(question, order.storeId, day))
        .flatMap((one) =>
          one.order.lines.flatMap((line) =>
            line.bouquetId !== null && shown.has(line.bouquetId) ? [{ ...one, bouquet: line.bouquetId, amount: line.total }] : [],
          ),
        )
      const there = [...latest.values()].filter(
        ({ status, storeId }) => status === "demonstrated" && (question.stores?.includes(storeId) ?? true),
      )
      return {
        sold: sum(sales.map(({ sign }) => sign)),
        revenue: sum(sales.map(({ sign, amount }) => sign * amount)),
        profit: sum(sales.map(({ sign, amount, bouquet }) => sign * (amount - (shown.get(bouquet) ?? 0)))),
        delivered: sum(sales.filter(({ order }) => order.delivery).map(({ sign }) => sign)),
        byHour: grouped(
          sales,
          ({ hour }) => `hour${hour}`,
          ({ sign }) => sign,
        ),
        there: there.length,
        thereAmount: sum(there.map(({ salePrice }) => salePrice)),
        /** Shared among flowers, nothing is lost: bouquets always have some here. */
        flowerRevenue: sum(sales.map(({ sign, amount }) => sign * amount)),
      }
    },
  }
}

function posting(sign: 1 | -1, order: OrderSnapshot, at: Date | null): Posting {
  if (at === null) throw new Error("A posting has a time.")
  return { sign, order, day: localDay(at), hour: localHour(at) }
}

const signed = ({ kind, amount }: { kind: string; amount: number }): number => (kind === "payment" ? amount : -amount)

/** A correction belongs to what its line was for. */
function withClasses(movements: readonly Movement[]): (Movement & { for: string })[] {
  const names: Record<string, string> = { "sale-return": "sale", "count-surplus": "surplus", "count-shortage": "shortage" }
  return movements.map((one) => {
    const kind =
      one.kind === "correction"
        ? (movements.find((other) => other.kind !== "correction" && other.lineId === one.lineId)?.kind ?? "sale")
        : one.kind
    return { ...one, for: names[kind] ?? kind }
  })
}
