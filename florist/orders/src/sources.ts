// Where orders come from: the site, the telephone, the till. Called by the service and by whoever includes them.
import type { Reader } from "@florist/kit/database"
import { documentOut, pageMetaOut, references, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { title, uuid } from "@florist/kit/input"
import { created, noContent, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { addEntry, changeEntry, deleteEntries, dictionaryQuery, entriesByIds, listEntries, oneEntry } from "./dictionary.ts"
import type { Dictionary } from "./dictionary.ts"

const type = "order-sources"
const tag = "Orders Sources API"
const sources: Dictionary = {
  table: "orders.order_source",
  type,
  columns: ["title", "hidden"],
  // Published without links.
  toResource: ({ id, title, hidden, revision }) => ({ type, id: String(id), attributes: { title, hidden, revision: Number(revision) } }),
}
const sourceOut = resourceOut(type, { title: z.string(), hidden: z.boolean(), revision: z.int() }, {})
const sourcesOut = documentOut(z.array(sourceOut))

const several = <I extends z.ZodType, A extends z.ZodType>(id: I, attributes: A) =>
  z
    .object({
      data: z
        .array(z.object({ type: z.literal(type).optional(), id, attributes }))
        .min(1)
        .max(200),
    })
    .transform(({ data }) => data as { id: z.output<I>; attributes: z.output<A> }[])

export const sourceResources = (reader: Reader, ids: readonly string[]): Promise<Resource[]> => entriesByIds(reader, sources, ids)

export const sourceOperations: readonly Operation[] = [
  readOperation({
    id: "ListOrderSources",
    method: "GET",
    path: "/v1/order-sources",
    tag,
    summary: "List order sources",
    access: everyone,
    query: dictionaryQuery,
    answers: { 200: documentOut(z.array(sourceOut), { ...pageMetaOut, revision: z.int() }) },
    refuses: [422],
    handle: ({ shop, query }) => listEntries(shop, sources, query),
  }),
  writeOperation({
    id: "CreateOrderSource",
    method: "POST",
    path: "/v1/order-sources",
    tag,
    summary: "Create order sources",
    access: management,
    body: several(uuid.optional(), z.object({ title: title(), hidden: z.boolean().default(false) })),
    answers: { 201: sourcesOut },
    refuses: [400, 409, 422],
    async handle({ tx, body, now }) {
      const data: Resource[] = []
      for (const { id = newId(), attributes } of body) data.push(await addEntry(tx, sources, { id, values: attributes }, now))
      return created({ data })
    },
  }),
  writeOperation({
    id: "UpdateOrderSource",
    method: "PATCH",
    path: "/v1/order-sources",
    tag,
    summary: "Change order sources",
    access: management,
    body: several(
      uuid,
      z.object({ title: title().optional(), hidden: z.boolean().optional(), revision: z.number().int().min(0).optional() }),
    ),
    answers: { 201: sourcesOut },
    refuses: [400, 404, 409, 422],
    async handle({ tx, body, now }) {
      const data: Resource[] = []
      for (const [index, { id, attributes }] of body.entries()) {
        const { title, hidden, revision } = attributes
        const pointer = `/data/${index}`
        await assertRevision(tx, id, revision, pointer)
        const values = { ...(title === undefined ? {} : { title }), ...(hidden === undefined ? {} : { hidden }) }
        data.push(await changeEntry(tx, sources, { id, values }, now, `${pointer}/id`))
      }
      return created({ data })
    },
  }),
  writeOperation({
    id: "DeleteOrderSource",
    method: "DELETE",
    path: "/v1/order-sources",
    tag,
    summary: "Delete order sources",
    access: management,
    body: references(),
    answers: { 204: null },
    refuses: [400, 404, 422],
    async handle({ tx, body: ids, now }) {
      await deleteEntries(tx, sources, ids, now)
      return noContent
    },
  }),
  readOperation({
    id: "GetOrderSource",
    method: "GET",
    path: "/v1/order-sources/{id}",
    tag,
    summary: "One order source",
    access: everyone,
    params: z.object({ id: uuid }),
    answers: { 200: documentOut(sourceOut) },
    refuses: [400, 404],
    handle: async ({ shop, params: { id } }) => ok({ data: await oneEntry(shop, sources, id) }),
  }),
]

/** @throws Refusal 409 */
async function assertRevision(tx: Transaction, id: string, said: number | undefined, pointer: string): Promise<void> {
  if (said === undefined) return
  await tx.revision()
  const [row] = await tx.query("SELECT revision FROM orders.order_source WHERE id = $1 AND NOT deleted", [id])
  if (row === undefined || Number(row.revision) === said) return
  const detail = `The source is at revision ${String(row.revision)}, not ${said}; read it again and repeat the change.`
  throw conflict(detail, { pointer: `${pointer}/attributes/revision` }, "stale-revision")
}
