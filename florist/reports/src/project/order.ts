// Orders: as they are by their newest revision, and what was sold and returned, each counted once by the revision that says so. So a return may come before its
// sale, and everything may come again.
import { orderPartReturn, orderReturn, orderSnapshot } from "@florist/kit/contracts/orders"
import type { OrderLine, OrderSnapshot } from "@florist/kit/contracts/orders"
import type { Fact, Projecting } from "./projecting.ts"
import { takenBack, toSales } from "../total.ts"
import type { Contribution } from "../total.ts"
import { sellBouquets } from "./bouquet.ts"
import { movePoints } from "./points.ts"

export async function projectOrder(on: Projecting, fact: Fact): Promise<void> {
  await keepNewest(on, orderSnapshot.parse(fact.data))
}

export async function projectPosting(on: Projecting, fact: Fact): Promise<void> {
  const order = orderSnapshot.parse(fact.data)
  await count(on, order, "sale", order.postedAt ?? fact.occurredAt)
  await keepNewest(on, order)
}

export async function projectReturn(on: Projecting, fact: Fact): Promise<void> {
  const { order } = orderReturn.parse(fact.data)
  await count(on, order, "return", order.returnedAt ?? fact.occurredAt)
  await keepNewest(on, order)
}

export async function projectPartReturn(on: Projecting, fact: Fact): Promise<void> {
  const { order, returned } = orderPartReturn.parse(fact.data)
  await count(on, returned, "part-return", returned.returnedAt ?? fact.occurredAt)
  await keepNewest(on, order)
}

/** A part that came back is counted as a return of its own, and as no returned order. */
type Kind = "sale" | "return" | "part-return"

const countsOf: Readonly<Record<Kind, Contribution<"sale">["values"]>> = {
  sale: { orders: 1 },
  return: { returned_orders: 1 },
  "part-return": { returned_orders: 0 },
}

async function count(on: Projecting, order: OrderSnapshot, kind: Kind, at: Date): Promise<void> {
  const { reader, shop, side, local } = on
  const { day, hour } = local(order.storeId, at)
  const counted = await reader.query(
    `INSERT INTO reports.order_posting (shop_id, side, order_id, kind, revision, store_id, day, categories, seller, source, doc_no, lines)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING RETURNING revision`,
    [
      shop,
      side,
      order.id,
      kind === "sale" ? kind : "return",
      order.revision,
      order.storeId,
      day,
      categoriesOf(order),
      sellerOf(order),
      order.sourceId ?? "",
      order.docNo,
      JSON.stringify(
        order.lines.map(({ itemId, categoryId, title, qty, amount, total }) => ({
          item: itemId,
          category: categoryId,
          title,
          qty,
          amount,
          total,
        })),
      ),
    ],
  )
  if (counted.length === 0) return
  on.add(salesOf(order, kind, day))
  await reader.query(
    `INSERT INTO reports.sale_order AS there (shop_id, side, id, sold, returned) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (shop_id, side, id) DO UPDATE SET sold = there.sold + excluded.sold, returned = there.returned + excluded.returned`,
    [shop, side, order.id, kind === "sale" ? order.totalAmount : 0, kind === "sale" ? 0 : order.totalAmount],
  )
  await sellBouquets(on, { order, sign: kind === "sale" ? 1 : -1, day, hour })
}

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0)

/** The categories that an order touches, as one key: counts of orders stay right whichever categories are asked for. */
const categoriesOf = ({ lines }: OrderSnapshot): string =>
  [...new Set(lines.map(({ categoryId }) => categoryId ?? ""))].toSorted().join(",")

/** Who sold it: whoever posted it, or else made it. */
const sellerOf = ({ postedBy, createdBy }: OrderSnapshot): string => postedBy ?? createdBy ?? ""

/** What one sale, or one return, adds to the sums. A return takes back quantities and discounts; its amount and count stand apart. */
function salesOf(order: OrderSnapshot, kind: Kind, day: string): Contribution[] {
  const sign = kind === "sale" ? 1 : -1
  const place = { store: order.storeId, day }
  const counts = countsOf[kind]
  const amount = (value: number) => (kind === "sale" ? { sold: value } : { returned: value })
  const whole = { ...counts, ...amount(order.totalAmount), discount: sign * order.discountAmount, markup: sign * order.markupAmount }
  const [seller, source, categories] = [sellerOf(order), order.sourceId ?? "", categoriesOf(order)]
  const ofLines = (lines: readonly OrderLine[]) => ({
    ...amount(sum(lines.map(({ total }) => total))),
    qty: sign * sum(lines.map(({ qty }) => qty)),
    discount: sign * sum(lines.map((line) => Math.max(0, line.amount - line.total))),
    markup: sign * sum(lines.map((line) => Math.max(0, line.total - line.amount))),
  })
  const byCategory = [...Map.groupBy(order.lines, ({ categoryId }) => categoryId ?? "")].map(([category, lines]) => ({
    category,
    values: { ...counts, ...ofLines(lines) },
  }))
  const byItem = [...Map.groupBy(order.lines, ({ itemId }) => itemId ?? "")]
  return [
    toSales({ breakdown: "all", key: "", ...place, values: whole }),
    toSales({ breakdown: "worker", key: seller, ...place, values: whole }),
    toSales({ breakdown: "source", key: source, ...place, values: whole }),
    toSales({ breakdown: "customer", key: order.customerId ?? "", ...place, values: whole }),
    toSales({ breakdown: "categories", key: categories, ...place, values: counts }),
    toSales({ breakdown: "worker-categories", key: `${seller}/${categories}`, ...place, values: counts }),
    ...byCategory.flatMap(({ category, values }) => [
      toSales({ breakdown: "category", key: category, ...place, values }),
      toSales({ breakdown: "worker-category", key: `${seller}/${category}`, ...place, values }),
      toSales({ breakdown: "source-category", key: `${source}/${category}`, ...place, values }),
    ]),
    ...byItem.map(([item, lines]) => toSales({ breakdown: "item", key: item, ...place, values: { ...counts, ...ofLines(lines) } })),
  ]
}

const columns = [
  "revision",
  "status",
  "doc_no",
  "store_id",
  "customer_id",
  "source_id",
  "created_by",
  "posted_by",
  "florist_id",
  "courier_id",
  "date",
  "due_at",
  "due_day",
  "created_at",
  "updated_at",
  "posted_at",
  "returned_at",
  "delivery",
  "delivery_status",
  "fiscalized",
  "by_bonuses",
  "total",
  "discount",
  "markup",
  "budget",
  "line_ids",
  "item_ids",
  "category_ids",
]

async function keepNewest(on: Projecting, order: OrderSnapshot): Promise<void> {
  const { reader, shop, side, local } = on
  const [before] = await reader.query(
    "SELECT revision, store_id, fiscalized, counted_check FROM reports.sale_order WHERE shop_id = $1 AND side = $2 AND id = $3",
    [shop, side, order.id],
  )
  const isNewer = Number(before?.revision ?? 0) < order.revision
  if (isNewer) {
    await reader.query(
      `INSERT INTO reports.sale_order (shop_id, side, id, ${columns.join(", ")}) VALUES ($1, $2, $3, ${columns.map((_, n) => `$${n + 4}`).join(", ")})
       ON CONFLICT (shop_id, side, id) DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`).join(", ")}`,
      [
        shop,
        side,
        order.id,
        order.revision,
        order.status,
        order.docNo,
        order.storeId,
        order.customerId,
        order.sourceId,
        order.createdBy,
        order.postedBy,
        order.floristId,
        order.courierId,
        order.date,
        order.dueTime,
        order.dueTime === null ? null : local(order.storeId, order.dueTime).day,
        order.createdAt,
        order.updatedAt,
        order.postedAt,
        order.returnedAt,
        order.delivery,
        order.deliveryStatus,
        order.fiscalized,
        order.byBonuses,
        order.totalAmount,
        order.discountAmount,
        order.markupAmount,
        order.budget,
        order.lines.map(({ id }) => id),
        [...new Set(order.lines.flatMap(({ itemId }) => itemId ?? []))],
        [...new Set(order.lines.flatMap(({ categoryId }) => categoryId ?? []))],
      ],
    )
  }
  const storeBefore = typeof before?.store_id === "string" ? before.store_id : null
  if (isNewer && storeBefore !== order.storeId) await movePoints(on, order.id, storeBefore, order.storeId)
  const isFiscalized = isNewer ? order.fiscalized : before?.fiscalized === true
  const counted = before?.counted_check ?? null
  if (isFiscalized || counted !== null) await countCheck(on, order.id, isFiscalized ? "printed" : "none", counted)
}

/** A check counts where and when its order was sold last, as soon as both are known. */
async function countCheck(
  { reader, shop, side, add }: Projecting,
  order: string,
  check: "printed" | "none",
  countedBefore: unknown,
): Promise<void> {
  const before = (countedBefore ?? null) as CountedCheck | null
  const after = check === "none" ? null : await lastSale(reader, shop, side, order)
  if (JSON.stringify(before) === JSON.stringify(after)) return
  if (before !== null) add(takenBack(checkOf(before)))
  if (after !== null) add(checkOf(after))
  await reader.query("UPDATE reports.sale_order SET counted_check = $4 WHERE shop_id = $1 AND side = $2 AND id = $3", [
    shop,
    side,
    order,
    after === null ? null : JSON.stringify(after),
  ])
}

interface CountedCheck {
  day: string
  store: string
  categories: string
}

async function lastSale(reader: Projecting["reader"], shop: number, side: number, order: string): Promise<CountedCheck | null> {
  const [row] = await reader.query(
    `SELECT jsonb_build_object('day', day, 'store', store_id, 'categories', categories) AS sale FROM reports.order_posting
     WHERE shop_id = $1 AND side = $2 AND order_id = $3 AND kind = 'sale' ORDER BY revision DESC LIMIT 1`,
    [shop, side, order],
  )
  return (row?.sale ?? null) as CountedCheck | null
}

const checkOf = ({ day, store, categories }: CountedCheck): Contribution[] => [
  toSales({ breakdown: "all", key: "", store, day, values: { checks: 1 } }),
  toSales({ breakdown: "categories", key: categories, store, day, values: { checks: 1 } }),
]
