// Reading orders: the list with its filters and sums, one order, and what is included with them. Called by the service.
import { itemType } from "@florist/kit/contracts/catalog"
import { storeType, workerType } from "@florist/kit/contracts/staff"
import type { Reader } from "@florist/kit/database"
import { documentOut, pageMetaOut, reference } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { knownResources } from "@florist/kit/known"
import { list, pageLinks } from "@florist/kit/listing"
import type { Condition } from "@florist/kit/listing"
import { toRoubles, toRoublesText } from "@florist/kit/money"
import { ok, readOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { everyone } from "@florist/kit/role"
import { z } from "zod"
import { customerType } from "./known-customers.ts"
import { conditionsOf, include, includedInLines, lookUp, orderQuery, statusCondition } from "./order-filters.ts"
import type { OrderQuery } from "./order-filters.ts"
import { assertSeen, orderId } from "./order-operations.ts"
import { discountResource, lineResource, orderDocumentOut, orderOut, orderResource } from "./order-resource.ts"
import { orderOf, readOrder, selectOrder } from "./order-store.ts"
import { orderStatus } from "./order.ts"
import type { Order } from "./order.ts"
import { sourceResources } from "./sources.ts"
import { tagResources } from "./tags.ts"

/** Statistics are of so many orders, the newest that the filters let through. */
const mostCounted = 10_000
const shallowPages = 5

const countOut = z.string()
const amountOut = z.string()

export const orderReading: readonly Operation[] = [
  readOperation({
    id: "GetOrdersList",
    method: "GET",
    path: "/v1/orders",
    tag: "Orders API",
    summary: "List orders, newest first; by filter[revision] in the order of their changes",
    access: everyone,
    query: orderQuery,
    answers: {
      200: documentOut(z.array(orderOut), {
        ...pageMetaOut,
        revision: z.int(),
        statuses: z
          .object({ all: countOut, ...Object.fromEntries(orderStatus.options.map((status) => [status, countOut])), credit: countOut })
          .optional(),
        orders_amounts: z
          .object({
            orderAmount: amountOut,
            ordersAmount: amountOut,
            budgetsAmount: amountOut,
            paymentsAmount: amountOut,
            creditsAmount: amountOut,
            bonusesAmount: amountOut,
            discountsAmount: amountOut,
            markupsAmount: amountOut,
          })
          .optional(),
        statisticsAreOfNewest: z.int().optional(),
      }),
    },
    refuses: [400, 422],
    async handle({ shop, query, session }) {
      // The revision is read before the rows: whoever asks from it on again misses nothing.
      const [found, revision] = await Promise.all([lookUp(shop, shop.id, query), currentRevision(shop)])
      const conditions = conditionsOf(query, found, session)
      const filter = [...conditions, statusCondition(query)]
      const [page, statistics] = await Promise.all([
        list(shop, {
          from: "orders.sale_order o",
          // What is skipped is not to be read as a whole.
          columns: isDeep(query) ? "o.id" : selectOrder,
          conditions: filter,
          order: orderOfList(query),
          query,
        }),
        query.addMetaStatuses === true ? statisticsOf(shop, conditions, filter) : {},
      ])
      const orders = isDeep(query)
        ? await ordersByIds(
            shop,
            page.rows.map(({ id }) => String(id)),
          )
        : page.rows.map(orderOf)
      const includes = await includedWith(shop, orders, query.include)
      return ok({
        data: orders.map(orderResource),
        ...includes,
        meta: { ...page.meta, revision, ...statistics },
        links: pageLinks("/v1/orders", page),
      })
    },
  }),
  readOperation({
    id: "getAction",
    method: "GET",
    path: "/v1/orders/{id}",
    tag: "Orders API",
    summary: "One order",
    access: everyone,
    params: orderId,
    query: z.object({ include }),
    answers: { 200: orderDocumentOut },
    refuses: [400, 404],
    async handle({ shop, params: { id }, query, session }) {
      const order = await readOrder(shop, id)
      assertSeen(order, id, session)
      return ok({ data: orderResource(order), ...(await includedWith(shop, [order], query.include)) })
    },
  }),
]

function orderOfList(query: OrderQuery): { columns: { name: string; type: string }[]; direction: "ASC" | "DESC" } {
  return query["filter[revision]"] === undefined
    ? {
        columns: [
          { name: "o.occurred_at", type: "timestamptz" },
          { name: "o.id", type: "uuid" },
        ],
        direction: "DESC",
      }
    : {
        columns: [
          { name: "o.revision", type: "bigint" },
          { name: "o.id", type: "uuid" },
        ],
        direction: "ASC",
      }
}

const isDeep = (query: OrderQuery): boolean => (query["page[number]"] ?? 1) > shallowPages

/** In the order of their ids here. */
async function ordersByIds(reader: Reader, ids: readonly string[]): Promise<Order[]> {
  const rows = await reader.query(`SELECT ${selectOrder} FROM orders.sale_order o WHERE o.id = ANY ($1::uuid[])`, [ids])
  const byId = new Map(rows.map((row) => [String(row.id), orderOf(row)]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

async function currentRevision(reader: Reader): Promise<number> {
  const [row] = await reader.query("SELECT value FROM orders.revision")
  return Number(row?.value ?? 0)
}

/** Counts by status whatever status is asked for; sums of what the list shows. Both over the newest orders, up to a bound. */
async function statisticsOf(
  reader: Reader,
  conditions: readonly (Condition | undefined)[],
  filter: readonly (Condition | undefined)[],
): Promise<Record<string, unknown>> {
  const newest = (given: readonly (Condition | undefined)[]) => {
    const values: unknown[] = []
    const sql = given.flatMap((condition) => {
      if (condition === undefined) return []
      let next = 0
      return [`(${condition.sql.replaceAll("?", () => `$${values.push(condition.values[next++])}`)})`]
    })
    return {
      sql: `(SELECT * FROM orders.sale_order o WHERE ${sql.join(" AND ")} ORDER BY o.occurred_at DESC, o.id DESC LIMIT ${mostCounted}) o`,
      values,
    }
  }
  const [ofAll, ofShown] = [newest(conditions), newest(filter)]
  const owed = "CASE WHEN o.status = 'done' AND o.payments_amount < o.total_amount THEN o.total_amount - o.payments_amount ELSE 0 END"
  const [byStatus, [sums]] = await Promise.all([
    reader.query(
      `SELECT o.status, count(*) AS count, count(*) FILTER (WHERE ${owed} > 0) AS credit FROM ${ofAll.sql} GROUP BY o.status`,
      ofAll.values,
    ),
    reader.query(
      `SELECT coalesce(sum(o.total_amount), 0) AS orders, coalesce(sum(o.budget), 0) AS budgets, coalesce(sum(o.payments_amount), 0) AS payments,
         coalesce(sum(${owed}), 0) AS credits, coalesce(sum(o.bonus_amount), 0) AS bonuses, coalesce(sum(o.discount_amount), 0) AS discounts,
         coalesce(sum(o.markup_amount), 0) AS markups FROM ${ofShown.sql}`,
      ofShown.values,
    ),
  ])
  const counts = new Map(byStatus.map(({ status, count }) => [String(status), Number(count)]))
  const all = [...counts.values()].reduce((a, b) => a + b, 0)
  const credit = byStatus.reduce((sum, row) => sum + Number(row.credit), 0)
  const amount = (name: string) => toRoublesText(Number(sums?.[name] ?? 0))
  return {
    statuses: {
      all: String(all),
      ...Object.fromEntries(orderStatus.options.map((status) => [status, String(counts.get(status) ?? 0)])),
      credit: String(credit),
    },
    orders_amounts: {
      // Published under one name and shown under the other.
      orderAmount: amount("orders"),
      ordersAmount: amount("orders"),
      budgetsAmount: amount("budgets"),
      paymentsAmount: amount("payments"),
      creditsAmount: amount("credits"),
      bonusesAmount: amount("bonuses"),
      discountsAmount: amount("discounts"),
      markupsAmount: amount("markups"),
    },
    ...(all === mostCounted ? { statisticsAreOfNewest: mostCounted } : {}),
  }
}

type Included = z.output<typeof include>

/** Own lines, discounts and sources; others as this service knows them. Each resource once. */
async function includedWith(reader: Reader, orders: readonly Order[], asked: Included): Promise<{ included?: Resource[] }> {
  if (asked === undefined) return {}
  const wants = new Set<string>(asked)
  const ids = (pick: (order: Order) => string | null) => orders.map(pick).filter((id) => id !== null)
  const workers = [
    ...(wants.has("createdBy") ? ids(({ createdBy }) => createdBy) : []),
    ...(wants.has("updatedBy") ? ids(({ updatedBy }) => updatedBy) : []),
    ...(wants.has("postedBy") ? ids(({ postedBy }) => postedBy) : []),
    ...(wants.has("florist") ? ids(({ floristId }) => floristId) : []),
    ...(wants.has("courier") ? ids(({ courierId }) => courierId) : []),
  ]
  const lines = wants.has("lines") || wants.has(includedInLines) ? orders.flatMap((order) => order.lines) : []
  const known = (type: string, wanted: readonly string[]) => knownResources(reader, "orders", type, wanted)
  const [stores, customers, people, items, sources, tags, payments] = await Promise.all([
    known(storeType, wants.has("store") ? ids(({ storeId }) => storeId) : []),
    known(customerType, wants.has("customer") ? ids(({ customerId }) => customerId) : []),
    known(workerType, workers),
    known(itemType, wants.has(includedInLines) ? lines.flatMap(({ itemId }) => itemId ?? []) : []),
    wants.has("source")
      ? sourceResources(
          reader,
          ids(({ sourceId }) => sourceId),
        )
      : [],
    tagResources(reader, wants.has("tags") ? orders.flatMap(({ tagIds }) => tagIds) : []),
    wants.has("payments")
      ? paymentResources(
          reader,
          orders.flatMap(({ paymentIds }) => paymentIds),
        )
      : [],
  ])
  const others = [...stores, ...customers, ...people, ...items].map(({ type, id, attributes, relationships }) => ({
    type,
    id,
    attributes,
    ...(relationships === undefined ? {} : { relationships }),
  }))
  const discounts = wants.has("discounts") ? orders.flatMap((order) => order.discounts.map(discountResource)) : []
  return { included: [...lines.map(lineResource), ...discounts, ...sources, ...tags, ...payments, ...others] }
}

async function paymentResources(reader: Reader, ids: readonly string[]): Promise<Resource[]> {
  if (ids.length === 0) return []
  const rows = await reader.query(
    "SELECT id, order_id, kind, method, amount, occurred_at FROM orders.order_payment WHERE id = ANY ($1::uuid[]) ORDER BY occurred_at, id",
    [ids],
  )
  return rows.map(({ id, order_id, kind, method, amount, occurred_at }) => ({
    type: "order-payments",
    id: String(id),
    attributes: { paymentType: kind, method, amount: toRoubles(Number(amount)), postedAt: occurred_at },
    relationships: { order: reference("orders", order_id) },
  }))
}
