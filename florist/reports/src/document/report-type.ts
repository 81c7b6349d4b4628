// The kinds of reports that there are: each a name, what it can be narrowed to and split by, and the work that makes its sheet. Numbers and names of the
// published ones are as published.
import type { Reader } from "@florist/kit/database"
import { toRoubles } from "@florist/kit/money"
import { toUnits } from "@florist/kit/quantity"
import { localTime, standardZone } from "../calendar.ts"
import type { Span } from "../calendar.ts"
import { revenueOf } from "../stats/figures.ts"
import { averageOf, shareOf } from "../stats/ratio.ts"
import { currentSide, sumTotals } from "../total.ts"
import type { Column, Cell, Sheet } from "./sheet.ts"

export const filterKinds = ["store", "category", "item", "order_source", "worker"] as const
export type FilterKind = (typeof filterKinds)[number]
export const details = ["day", "store", "category", "item", "order_num", "order_source", "worker"] as const
export type Detail = (typeof details)[number]

export interface SheetAsked {
  reader: Reader
  shop: number
  span: Span
  /** Undefined for all. */
  stores: readonly string[] | undefined
  filters: Partial<Record<FilterKind, readonly string[]>>
  detailing: readonly Detail[]
  now: Date
}

export interface ReportType {
  id: number
  typeName: string
  title: string
  description: string
  filters: readonly FilterKind[]
  detailing: readonly Detail[]
  sheet: (asked: SheetAsked) => Promise<Sheet>
}

const column = (name: string, title: string, kind: Column["kind"]): Column => ({ name, title, kind })
const amount = (value: unknown): number => toRoubles(Number(value ?? 0))
const units = (value: unknown): number => toUnits(Number(value ?? 0))
const text = (value: unknown): string | null => (typeof value === "string" ? value : null)

/** Names as the owners of the resources told them; the id where none is known. */
async function titled({ reader, shop }: SheetAsked, type: string, ids: readonly string[]): Promise<(id: string) => Cell> {
  const rows = await reader.query(
    `SELECT id, coalesce(nullif(attributes ->> 'title', ''), nullif(concat_ws(' ', attributes ->> 'lastName', attributes ->> 'firstName'), '')) AS title
     FROM reports.known_resource WHERE shop_id = $1 AND type = $2 AND id = ANY ($3::text[])`,
    [shop, type, [...new Set(ids)]],
  )
  const titles = new Map(rows.map(({ id, title }) => [String(id), text(title)]))
  return (id) => (id === "" ? null : (titles.get(id) ?? id))
}

const detailColumns: Record<Detail, { sql: string; column: Column; type?: string }> = {
  day: { sql: "to_char(p.day, 'YYYY-MM-DD')", column: column("day", "Day", "day") },
  store: { sql: "p.store_id::text", column: column("store", "Store", "text"), type: "stores" },
  category: { sql: "coalesce(l.category, '')", column: column("category", "Category", "text"), type: "categories" },
  item: { sql: "coalesce(l.item, l.title)", column: column("item", "Item", "text"), type: "inventory-items" },
  order_num: { sql: "p.doc_no", column: column("orderNumber", "Order", "text") },
  order_source: { sql: "p.source", column: column("source", "Source", "text"), type: "order-sources" },
  worker: { sql: "p.seller", column: column("worker", "Worker", "text"), type: "workers" },
}

const mostRows = 20_000

/** Line by line of what was sold and returned, so whatever it is split by and narrowed to is exact. */
async function salesSheet(asked: SheetAsked): Promise<Sheet> {
  const { reader, shop, span, stores, filters, detailing } = asked
  const by = detailing.length === 0 ? (["day"] as const) : detailing
  const rows = await reader.query(
    `SELECT ${by.map((detail) => `${detailColumns[detail].sql} AS ${detail}`).join(", ")},
       count(DISTINCT p.order_id) FILTER (WHERE p.kind = 'sale') AS orders, sum(sign * l.qty) AS qty,
       sum(l.amount) FILTER (WHERE p.kind = 'sale') AS gross, sum(l.total) FILTER (WHERE p.kind = 'sale') AS sold,
       sum(l.total) FILTER (WHERE p.kind = 'return') AS returned, sum(sign * l.total) AS revenue
     FROM (SELECT *, CASE kind WHEN 'sale' THEN 1 ELSE -1 END AS sign FROM reports.order_posting
           WHERE shop_id = $1 AND side = ${currentSide} AND day BETWEEN $2::date AND $3::date AND ($4::uuid[] IS NULL OR store_id = ANY ($4::uuid[]))
             AND ($5::text[] IS NULL OR source = ANY ($5::text[])) AND ($6::text[] IS NULL OR seller = ANY ($6::text[]))) p
     CROSS JOIN LATERAL jsonb_to_recordset(p.lines) AS l (item text, category text, title text, qty bigint, amount bigint, total bigint)
     WHERE ($7::text[] IS NULL OR l.category = ANY ($7::text[])) AND ($8::text[] IS NULL OR l.item = ANY ($8::text[]))
     GROUP BY ${by.map((_, index) => index + 1).join(", ")} ORDER BY ${by.map((_, index) => index + 1).join(", ")} LIMIT ${mostRows}`,
    [
      shop,
      span.from,
      span.to,
      stores ?? null,
      filters.order_source ?? null,
      filters.worker ?? null,
      filters.category ?? null,
      filters.item ?? null,
    ],
  )
  const names = await Promise.all(
    by.map(async (detail): Promise<(id: string) => Cell> => {
      const { type } = detailColumns[detail]
      return type === undefined
        ? (id) => id
        : titled(
            asked,
            type,
            rows.map((row) => String(row[detail])),
          )
    }),
  )
  return {
    columns: [
      ...by.map((detail) => detailColumns[detail].column),
      column("orders", "Orders", "count"),
      column("qty", "Quantity", "quantity"),
      column("gross", "Before discounts", "amount"),
      column("sold", "Sold", "amount"),
      column("returned", "Returned", "amount"),
      column("revenue", "Revenue", "amount"),
    ],
    rows: rows.map((row) => [
      ...by.map((detail, index) => names[index]?.(String(row[detail])) ?? null),
      Number(row.orders),
      units(row.qty),
      amount(row.gross),
      amount(row.sold),
      amount(row.returned),
      amount(row.revenue),
    ]),
  }
}

const questionOf = ({ stores, span }: SheetAsked) => ({ stores, spans: [span], by: "key" }) as const

async function marginSheet(asked: SheetAsked): Promise<Sheet> {
  const { reader, shop, filters } = asked
  const keys = filters.category === undefined ? undefined : ({ which: "is", values: filters.category } as const)
  const [sold, cost] = await Promise.all([
    sumTotals(reader, shop, { ...questionOf(asked), table: "sale", breakdowns: ["category"], keys }),
    sumTotals(reader, shop, { ...questionOf(asked), table: "stock", breakdowns: ["sale-category"], keys }),
  ])
  const categories = [...new Set([...sold, ...cost].map(({ key }) => key))].toSorted()
  const name = await titled(asked, "categories", categories)
  const rows = categories.map((category) => {
    const sales = sold.find(({ key }) => key === category)?.values
    const revenue = sales === undefined ? 0 : revenueOf(sales)
    const goods = 0 - (cost.find(({ key }) => key === category)?.values.cost ?? 0)
    return [name(category), units(sales?.qty), amount(revenue), amount(goods), amount(revenue - goods), shareOf(revenue - goods, revenue)]
  })
  return {
    columns: [
      column("category", "Category", "text"),
      column("qty", "Quantity", "quantity"),
      column("revenue", "Revenue", "amount"),
      column("cost", "Cost", "amount"),
      column("profit", "Profit", "amount"),
      column("marginality", "Marginality", "share"),
    ],
    rows,
  }
}

async function writeOffSheet(asked: SheetAsked): Promise<Sheet> {
  const { reader, shop, filters } = asked
  const sums = await sumTotals(reader, shop, { ...questionOf(asked), table: "stock", breakdowns: ["write-off-item"] })
  const parts = sums
    .map(({ key, values }) => ({
      item: key.split("/")[0] ?? "",
      reason: key.split("/")[1] ?? "",
      qty: 0 - values.qty,
      cost: 0 - values.cost,
    }))
    .filter(({ item }) => filters.item === undefined || filters.item.includes(item))
    .toSorted((a, b) => (a.reason < b.reason ? -1 : a.reason > b.reason ? 1 : b.cost - a.cost))
  const [reason, item] = await Promise.all([
    titled(
      asked,
      "write-off-reasons",
      parts.map((part) => part.reason),
    ),
    titled(
      asked,
      "inventory-items",
      parts.map((part) => part.item),
    ),
  ])
  const whole = parts.reduce((sum, { cost }) => sum + cost, 0)
  return {
    columns: [
      column("reason", "Reason", "text"),
      column("item", "Item", "text"),
      column("qty", "Quantity", "quantity"),
      column("cost", "Cost", "amount"),
      column("share", "Share", "share"),
    ],
    rows: parts.map((part) => [reason(part.reason), item(part.item), units(part.qty), amount(part.cost), shareOf(part.cost, whole)]),
  }
}

async function workerSheet(asked: SheetAsked): Promise<Sheet> {
  const { reader, shop, stores, span, filters } = asked
  const [sums, hours] = await Promise.all([
    sumTotals(reader, shop, { ...questionOf(asked), table: "sale", breakdowns: ["worker"] }),
    reader.query(
      `SELECT worker_id::text AS worker, sum(minutes) AS minutes FROM reports.timecard
       WHERE shop_id = $1 AND side = ${currentSide} AND day BETWEEN $2::date AND $3::date AND ($4::uuid[] IS NULL OR store_id = ANY ($4::uuid[])) GROUP BY 1`,
      [shop, span.from, span.to, stores ?? null],
    ),
  ])
  const minutes = new Map(hours.map((row) => [String(row.worker), Number(row.minutes)]))
  const ids = [...new Set([...sums.map(({ key }) => key), ...minutes.keys()])]
    .filter((id) => filters.worker === undefined || filters.worker.includes(id))
    .toSorted()
  const name = await titled(asked, "workers", ids)
  const whole = sums.reduce((sum, { values }) => sum + revenueOf(values), 0)
  const rows = ids.map((id) => {
    const values = sums.find(({ key }) => key === id)?.values
    const revenue = values === undefined ? 0 : revenueOf(values)
    const orders = values?.orders ?? 0
    const kept = orders - (values?.returned_orders ?? 0)
    return [
      name(id),
      orders,
      values?.returned_orders ?? 0,
      amount(revenue),
      amount(averageOf(revenue, kept)),
      amount(values?.discount),
      shareOf(revenue, whole),
      Math.round(((minutes.get(id) ?? 0) / 60) * 100) / 100,
    ]
  })
  return {
    columns: [
      column("worker", "Worker", "text"),
      column("orders", "Orders", "count"),
      column("returned", "Returned orders", "count"),
      column("revenue", "Revenue", "amount"),
      column("average", "Average order", "amount"),
      column("discount", "Discounts", "amount"),
      column("share", "Share", "share"),
      column("hours", "Hours worked", "quantity"),
    ],
    rows,
  }
}

async function customerSheet(asked: SheetAsked): Promise<Sheet> {
  const sums = await sumTotals(asked.reader, asked.shop, { ...questionOf(asked), table: "sale", breakdowns: ["customer"] })
  const best = sums.toSorted((a, b) => revenueOf(b.values) - revenueOf(a.values) || (a.key < b.key ? -1 : 1)).slice(0, mostRows)
  const name = await titled(
    asked,
    "customers",
    best.map(({ key }) => key),
  )
  return {
    columns: [
      column("customer", "Customer", "text"),
      column("orders", "Orders", "count"),
      column("returned", "Returned orders", "count"),
      column("revenue", "Revenue", "amount"),
      column("average", "Average order", "amount"),
      column("discount", "Discounts", "amount"),
    ],
    rows: best.map(({ key, values }) => {
      const kept = values.orders - values.returned_orders
      return [
        name(key),
        values.orders,
        values.returned_orders,
        amount(revenueOf(values)),
        amount(averageOf(revenueOf(values), kept)),
        amount(values.discount),
      ]
    }),
  }
}

/** As it is now, whatever the period. */
async function balanceSheet(asked: SheetAsked): Promise<Sheet> {
  const { reader, shop, stores, filters } = asked
  const rows = await reader.query(
    `SELECT b.store_id::text AS store, CASE b.kind WHEN 'item' THEN coalesce(k.attributes ->> 'title', b.id::text) ELSE coalesce(q.state ->> 'title', b.id::text) END AS title,
       coalesce(k.attributes ->> 'categoryId', '') AS category, b.qty, b.cost,
       CASE b.kind WHEN 'item' THEN reports.price_in(k.attributes, b.store_id) ELSE q.sale_price END AS price
     FROM reports.stock_balance b
     LEFT JOIN reports.known_resource k ON k.shop_id = b.shop_id AND k.type = 'inventory-items' AND k.id = b.id::text
     LEFT JOIN reports.bouquet q ON q.shop_id = b.shop_id AND q.side = b.side AND q.id = b.id AND b.kind = 'bouquet'
     WHERE b.shop_id = $1 AND b.side = ${currentSide} AND ($2::uuid[] IS NULL OR b.store_id = ANY ($2::uuid[]))
       AND ($3::text[] IS NULL OR k.attributes ->> 'categoryId' = ANY ($3::text[])) AND ($4::text[] IS NULL OR b.id::text = ANY ($4::text[]))
     ORDER BY 1, 2, b.id LIMIT ${mostRows}`,
    [shop, stores ?? null, filters.category ?? null, filters.item ?? null],
  )
  const [store, category] = await Promise.all([
    titled(
      asked,
      "stores",
      rows.map((row) => String(row.store)),
    ),
    titled(
      asked,
      "categories",
      rows.map((row) => String(row.category)),
    ),
  ])
  return {
    columns: [
      column("store", "Store", "text"),
      column("category", "Category", "text"),
      column("item", "Item", "text"),
      column("qty", "Quantity", "quantity"),
      column("cost", "Cost", "amount"),
      column("price", "Price", "amount"),
      column("amount", "At prices", "amount"),
    ],
    rows: rows.map((row) => [
      store(String(row.store)),
      category(String(row.category)),
      text(row.title),
      units(row.qty),
      amount(row.cost),
      amount(row.price),
      amount(Math.round((Number(row.qty) * Number(row.price ?? 0)) / 1_000)),
    ]),
  }
}

/** Shifts that were opened in the period, by Moscow's days. */
async function shiftSheet(asked: SheetAsked): Promise<Sheet> {
  const { reader, shop, stores, span } = asked
  const rows = await reader.query(
    `SELECT store_id::text AS store, register_id::text AS register, status, to_char(opened_at AT TIME ZONE '${standardZone}', 'YYYY-MM-DD HH24:MI') AS opened,
       to_char(closed_at AT TIME ZONE '${standardZone}', 'YYYY-MM-DD HH24:MI') AS closed, opening, moved, expected, counted
     FROM reports.cash_shift WHERE shop_id = $1 AND side = ${currentSide} AND opened_at >= $2::date::timestamp AT TIME ZONE '${standardZone}'
       AND opened_at < ($3::date + 1)::timestamp AT TIME ZONE '${standardZone}' AND ($4::uuid[] IS NULL OR store_id = ANY ($4::uuid[]))
     ORDER BY opened_at, id LIMIT ${mostRows}`,
    [shop, span.from, span.to, stores ?? null],
  )
  const store = await titled(
    asked,
    "stores",
    rows.map((row) => String(row.store)),
  )
  return {
    columns: [
      column("store", "Store", "text"),
      column("register", "Register", "text"),
      column("opened", "Opened", "text"),
      column("closed", "Closed", "text"),
      column("status", "Status", "text"),
      column("opening", "At opening", "amount"),
      column("moved", "In and out", "amount"),
      column("expected", "Expected", "amount"),
      column("counted", "Counted", "amount"),
      column("difference", "Difference", "amount"),
    ],
    rows: rows.map((row) => {
      const expected = Number(row.expected) + (row.status === "closed" ? 0 : Number(row.moved))
      const counted = row.counted === null ? null : Number(row.counted)
      return [
        store(String(row.store)),
        text(row.register),
        text(row.opened),
        text(row.closed),
        text(row.status),
        amount(row.opening),
        amount(row.moved),
        amount(expected),
        ...(counted === null ? [null, null] : [amount(counted), amount(counted - expected)]),
      ]
    }),
  }
}

async function paymentSheet(asked: SheetAsked): Promise<Sheet> {
  const sums = await sumTotals(asked.reader, asked.shop, { ...questionOf(asked), table: "money", breakdowns: ["method"] })
  return {
    columns: [
      column("method", "Method", "text"),
      column("count", "Payments and returns", "count"),
      column("received", "Received", "amount"),
      column("given", "Given back", "amount"),
      column("net", "Net", "amount"),
    ],
    rows: sums.map(({ key, values }) => [
      key,
      values.count,
      amount(values.received),
      amount(values.given),
      amount(values.received - values.given),
    ]),
  }
}

async function withdrawSheet(asked: SheetAsked): Promise<Sheet> {
  const sums = await sumTotals(asked.reader, asked.shop, { ...questionOf(asked), table: "money", breakdowns: ["cash-movement"] })
  const moved = sums.map(({ key, values }) => ({ kind: key.split("/")[0] ?? "", reason: key.split("/")[1] ?? "", values }))
  const name = await titled(
    asked,
    "cash-reasons",
    moved.map(({ reason }) => reason),
  )
  return {
    columns: [
      column("kind", "Kind", "text"),
      column("reason", "Reason", "text"),
      column("count", "Count", "count"),
      column("amount", "Amount", "amount"),
    ],
    rows: moved.map(({ kind, reason, values }) => [kind, name(reason), values.count, amount(values.received + values.given)]),
  }
}

const movedClasses = [
  ["receipt", "Received"],
  ["sale", "Sold"],
  ["write-off", "Written off"],
  ["transfer-in", "Transferred in"],
  ["transfer-out", "Transferred out"],
  ["surplus", "Surplus"],
  ["shortage", "Shortage"],
  ["assembly-out", "Into bouquets"],
  ["disassembly-in", "Out of bouquets"],
] as const

async function movementSheet(asked: SheetAsked): Promise<Sheet> {
  const { reader, shop, stores, span, filters } = asked
  const sums = await sumTotals(reader, shop, {
    table: "stock",
    stores,
    spans: [span],
    by: "first",
    breakdowns: movedClasses.map(([name]) => `${name}-item`),
  })
  const items = [...new Set(sums.map(({ key }) => key))].filter(
    (id) => id !== "" && (filters.item === undefined || filters.item.includes(id)),
  )
  const name = await titled(asked, "inventory-items", items)
  return {
    columns: [column("item", "Item", "text"), ...movedClasses.map(([id, title]) => column(id, title, "quantity"))],
    rows: items
      .toSorted()
      .map((item) => [
        name(item),
        ...movedClasses.map(([id]) => units(sums.find(({ key, breakdown }) => key === item && breakdown === `${id}-item`)?.values.qty)),
      ]),
  }
}

/** As it stands now, whatever the period. */
async function showcaseSheet(asked: SheetAsked): Promise<Sheet> {
  const { reader, shop, stores, now } = asked
  const rows = await reader.query(
    `SELECT store_id::text AS store, state ->> 'docNo' AS doc_no, state ->> 'title' AS title, on_window_at, sale_price, cost FROM reports.bouquet
     WHERE shop_id = $1 AND side = ${currentSide} AND status = 'demonstrated' AND ($2::uuid[] IS NULL OR store_id = ANY ($2::uuid[]))
     ORDER BY on_window_at NULLS LAST, id LIMIT ${mostRows}`,
    [shop, stores ?? null],
  )
  const store = await titled(
    asked,
    "stores",
    rows.map((row) => String(row.store)),
  )
  return {
    columns: [
      column("store", "Store", "text"),
      column("number", "Number", "text"),
      column("title", "Bouquet", "text"),
      column("since", "On the showcase since", "day"),
      column("days", "Days", "count"),
      column("price", "Price", "amount"),
      column("cost", "Cost", "amount"),
    ],
    rows: rows.map((row) => {
      const since = row.on_window_at instanceof Date ? row.on_window_at : null
      const days = since === null ? null : Math.max(0, Math.floor((now.getTime() - since.getTime()) / 86_400_000))
      const seen = [store(String(row.store)), text(row.doc_no), text(row.title), since === null ? null : localTime(since).day, days]
      return [...seen, amount(row.sale_price), amount(row.cost)]
    }),
  }
}

const none = { filters: ["store"], detailing: [] } as const

export const reportTypes: readonly ReportType[] = [
  {
    id: 8,
    typeName: "CashWithdraw",
    title: "Cash movements",
    description: "Deposits and withdrawals by reason",
    ...none,
    sheet: withdrawSheet,
  },
  {
    id: 9,
    typeName: "Sales",
    title: "Sales",
    description: "What was sold and returned, by day, store, category, item, order, source or worker",
    filters: filterKinds,
    detailing: details,
    sheet: salesSheet,
  },
  {
    id: 10,
    typeName: "WarehouseMovements",
    title: "Warehouse movements",
    description: "How each item came and went",
    filters: ["store", "item"],
    detailing: [],
    sheet: movementSheet,
  },
  {
    id: 12,
    typeName: "WrittenOffItems",
    title: "Write-offs",
    description: "What was written off, by reason and item, at cost",
    filters: ["store", "item"],
    detailing: [],
    sheet: writeOffSheet,
  },
  {
    id: 16,
    typeName: "Payments",
    title: "Payments",
    description: "Money received and given back, by method",
    ...none,
    sheet: paymentSheet,
  },
  {
    id: 61,
    typeName: "SalesByEmployees",
    title: "Workers",
    description: "Sales, discounts and hours of each worker",
    filters: ["store", "worker"],
    detailing: [],
    sheet: workerSheet,
  },
  {
    id: 101,
    typeName: "MarginByCategory",
    title: "Margin by category",
    description: "Revenue, cost and profit of each category",
    filters: ["store", "category"],
    detailing: [],
    sheet: marginSheet,
  },
  {
    id: 102,
    typeName: "Customers",
    title: "Customers",
    description: "What each customer bought",
    ...none,
    sheet: customerSheet,
  },
  {
    id: 103,
    typeName: "StockBalance",
    title: "Stock balance",
    description: "What lies where now, at cost and at prices",
    filters: ["store", "category", "item"],
    detailing: [],
    sheet: balanceSheet,
  },
  {
    id: 104,
    typeName: "CashShifts",
    title: "Cash shifts",
    description: "Expected and counted cash of each shift",
    ...none,
    sheet: shiftSheet,
  },
  {
    id: 105,
    typeName: "Showcase",
    title: "Showcase",
    description: "Bouquets that stand on the showcase now, and for how long",
    ...none,
    sheet: showcaseSheet,
  },
]
