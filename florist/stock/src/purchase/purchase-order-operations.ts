// Operations of purchase orders.
import { documentOut, moment, oneOut, reference, resource, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { day, instant, several, text, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { roubles, roublesOut, toRoubles } from "@florist/kit/money"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import { conflict, invalid, notFound } from "@florist/kit/refusal"
import { positiveQuantity, quantityOut, timesPrice, toUnits } from "@florist/kit/quantity"
import { everyone, handling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { checkRevision, checkSameContent, checkSeen, checkStore, contentHash, visibleStores } from "../access.ts"
import { docNoOf, nextNumbers } from "../numbering.ts"
import { checkTransition, purchaseStatuses } from "./purchase-order.ts"
import type { PurchaseLine, PurchaseOrder } from "./purchase-order.ts"
import { insertOrder, keptHashOf, lockOrder, orderOf, purchaseColumns, readOrder, setOrder } from "./purchase-order-store.ts"

const tag = "Purchases"
const type = "purchase-orders"
const params = z.object({ id: uuid })

const line = z.object({
  itemId: uuid,
  qty: positiveQuantity.refine((value) => value <= 10_000_000, "must be at most 10,000 units"),
  price: roubles.refine((value) => value <= 10_000_000_000, "must be at most 100,000,000 roubles"),
})

const body = resourceIn(
  type,
  z
    .object({
      status: z.enum(purchaseStatuses).optional(),
      expectedOn: day.nullish(),
      note: text(4_000).optional(),
      occurredAt: instant.optional(),
      lines: z
        .array(line)
        .min(1)
        .max(500)
        .refine((lines) => new Set(lines.map(({ itemId }) => itemId)).size === lines.length, "names each item once")
        .optional(),
      revision: z.number().int().min(0).optional(),
    })
    .optional()
    .transform((given) => given ?? {}),
  z
    .object({ store: toOne(), supplier: toOne() })
    .optional()
    .transform((given) => given ?? {}),
)
type OrderIn = z.output<typeof body>

const shape = resourceOut(
  type,
  {
    docNo: z.string(),
    status: z.enum(purchaseStatuses),
    amount: roublesOut,
    expectedOn: z.string().nullable(),
    note: z.string(),
    occurredAt: z.string(),
    createdAt: z.string(),
    orderedAt: z.string().nullable(),
    lines: z
      .array(z.object({ itemId: z.string(), qty: quantityOut, price: roublesOut, receivedQty: quantityOut, defectQty: quantityOut }))
      .optional(),
    revision: z.int(),
  },
  { store: oneOut, supplier: oneOut, createdBy: oneOut },
)

function shown(order: PurchaseOrder, withLines: "with lines" | "alone" = "with lines"): Resource {
  const lines = order.lines.map(({ itemId, qty, price, received, defective }) => ({
    itemId,
    qty: toUnits(qty),
    price: toRoubles(price),
    receivedQty: toUnits(received),
    defectQty: toUnits(defective),
  }))
  return resource(
    type,
    order.id,
    {
      docNo: order.docNo,
      status: order.status,
      amount: toRoubles(order.amount),
      expectedOn: order.expectedOn,
      note: order.note,
      occurredAt: moment(order.occurredAt),
      createdAt: moment(order.createdAt),
      orderedAt: moment(order.orderedAt),
      ...(withLines === "with lines" ? { lines } : {}),
      revision: order.revision,
    },
    {
      store: reference("stores", order.storeId),
      supplier: reference("suppliers", order.supplierId),
      createdBy: reference("workers", order.createdBy),
    },
  )
}

export const purchaseOrderOperations = [
  readOperation({
    id: "listPurchaseOrders",
    method: "GET",
    path: "/v1/purchase-orders",
    tag,
    summary: "List purchase orders, the newest first",
    access: everyone,
    query: z.object({
      ...pageQuery,
      "filter[status]": several(z.enum(purchaseStatuses)).optional(),
      "filter[stores]": several(uuid).optional(),
      "filter[supplier]": uuid.optional(),
      "filter[revision]": z.coerce.number().int().min(0).optional(),
    }),
    answers: { 200: documentOut(z.array(shape)) },
    refuses: [422],
    async handle({ shop, query, session }) {
      const since = query["filter[revision]"]
      const page = await list(shop, {
        from: "stock.purchase_order",
        columns: purchaseColumns,
        conditions: [
          where("status = ANY (?::text[])", query["filter[status]"]),
          where("store_id = ANY (?::uuid[])", visibleStores(session, query["filter[stores]"])),
          where("supplier_id = ?", query["filter[supplier]"]),
          where("revision > ?", since),
        ],
        order:
          since === undefined
            ? { columns: [{ name: "number", type: "bigint" }], direction: "DESC" }
            : {
                columns: [
                  { name: "revision", type: "bigint" },
                  { name: "id", type: "uuid" },
                ],
                direction: "ASC",
              },
        query,
      })
      return ok({ data: page.rows.map((row) => shown(orderOf(row), "alone")), meta: page.meta, links: pageLinks("/purchase-orders", page) })
    },
  }),
  readOperation({
    id: "getPurchaseOrder",
    method: "GET",
    path: "/v1/purchase-orders/{id}",
    tag,
    summary: "One purchase order with its lines and what has come of them",
    access: everyone,
    params,
    answers: { 200: documentOut(shape) },
    refuses: [400],
    handle: async ({ shop, params: { id }, session }) => ok({ data: shown(seen(await readOrder(shop, id), id, session)) }),
  }),
  writeOperation({
    id: "createPurchaseOrder",
    method: "POST",
    path: "/v1/purchase-orders",
    tag,
    summary: "Write a purchase order; ordered at once where its status says so",
    access: handling,
    body,
    answers: { 201: documentOut(shape) },
    refuses: [400, 422],
    async handle({ tx, body: given, session, now }) {
      const id = given.id ?? newId()
      const hash = contentHash(given)
      const kept = await keptHashOf(tx, id)
      const order = kept === undefined ? await begin(tx, { id, given, session, now, hash }) : undefined
      if (order !== undefined) return created({ data: shown(await change(tx, order, given, now)) })
      checkSameContent(kept ?? (await keptHashOf(tx, id)), hash, "purchase order")
      return created({ data: shown(seen(await readOrder(tx, id), id, session)) })
    },
  }),
  writeOperation({
    id: "updatePurchaseOrder",
    method: "PATCH",
    path: "/v1/purchase-orders/{id}",
    tag,
    summary: "Change a draft, order it, cancel it, or say that nothing more comes",
    access: handling,
    params,
    body,
    answers: { 200: documentOut(shape) },
    refuses: [400, 422],
    async handle({ tx, params: { id }, body: given, session, now }) {
      const order = seen(await lockOrder(tx, id), id, session)
      checkRevision(order.revision, given.attributes.revision, "purchase order")
      checkStore(session, given.relationships.store ?? order.storeId)
      return ok({ data: shown(await change(tx, order, given, now)) })
    },
  }),
]

function seen(order: PurchaseOrder | undefined, id: string, session: Session): PurchaseOrder {
  if (order === undefined) throw notFound(`purchase order ${id}`, { parameter: "id" })
  checkSeen(session, order.storeId, `purchase order ${id}`)
  return order
}

interface Beginning {
  id: string
  given: OrderIn
  session: Session
  now: Date
  hash: string
}

async function begin(tx: Transaction, { id, given, session, now, hash }: Beginning): Promise<PurchaseOrder | undefined> {
  const [storeId, supplierId] = [given.relationships.store ?? undefined, given.relationships.supplier ?? undefined]
  if (storeId === undefined) throw invalid("Name the store that it comes to.", { pointer: "/data/relationships/store" })
  if (supplierId === undefined) throw invalid("Name the supplier.", { pointer: "/data/relationships/supplier" })
  checkStore(session, storeId)
  await checkSupplier(tx, supplierId)
  const { "purchase-order": number = 0 } = await nextNumbers(tx, { "purchase-order": 1 })
  const order: PurchaseOrder = {
    id,
    number,
    docNo: docNoOf("purchase-order", number),
    storeId,
    supplierId,
    status: "draft",
    expectedOn: null,
    note: "",
    amount: 0,
    occurredAt: given.attributes.occurredAt ?? now,
    createdBy: session.worker,
    createdAt: now,
    updatedAt: now,
    orderedAt: null,
    revision: 0,
    lines: [],
  }
  return (await insertOrder(tx, order, hash)) ? order : undefined
}

async function change(tx: Transaction, order: PurchaseOrder, { attributes, relationships }: OrderIn, now: Date): Promise<PurchaseOrder> {
  const status = attributes.status ?? order.status
  checkTransition(order, status)
  const [storeId, supplierId] = [relationships.store ?? order.storeId, relationships.supplier ?? order.supplierId]
  const changesContent = attributes.lines !== undefined || storeId !== order.storeId || supplierId !== order.supplierId
  if (changesContent && order.status !== "draft")
    throw conflict(`The purchase order ${order.docNo} is ${order.status}; its lines are fixed.`, { pointer: "/data/attributes/lines" })
  if (supplierId !== order.supplierId) await checkSupplier(tx, supplierId)
  const lines = attributes.lines?.map((each): PurchaseLine => ({ id: newId(), ...each, received: 0, defective: 0 })) ?? order.lines
  if (status === "ordered" && lines.length === 0)
    throw invalid("A purchase order without lines cannot be ordered.", { pointer: "/data/attributes/lines" }, "no-lines")
  const changed: PurchaseOrder = {
    ...order,
    status,
    storeId,
    supplierId,
    expectedOn: attributes.expectedOn === undefined ? order.expectedOn : attributes.expectedOn,
    note: attributes.note ?? order.note,
    lines,
    amount: lines.reduce((sum, { qty, price }) => sum + timesPrice(qty, price), 0),
    orderedAt: status === "ordered" ? (order.orderedAt ?? now) : order.orderedAt,
    updatedAt: now,
    revision: await tx.revision(),
  }
  await setOrder(tx, changed)
  return changed
}

async function checkSupplier(tx: Transaction, id: string): Promise<void> {
  const [row] = await tx.query("SELECT FROM stock.supplier WHERE id = $1 AND NOT deleted", [id])
  if (row === undefined) throw invalid(`There is no supplier ${id}.`, { pointer: "/data/relationships/supplier/data/id" })
}
