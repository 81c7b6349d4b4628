// Tags of orders: "for mother", "big bouquet". Called by the service.
import { documentOut, pageMetaOut, resource, resourceIn, resourceOut } from "@florist/kit/document"
import type { Reader } from "@florist/kit/database"
import type { Resource } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { title, uuid } from "@florist/kit/input"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { everyone, management } from "@florist/kit/role"
import { z } from "zod"
import { addEntry, deletedOut, deleteEntries, dictionaryQuery, entriesByIds, listEntries } from "./dictionary.ts"
import type { Dictionary } from "./dictionary.ts"

const tags: Dictionary = {
  table: "orders.order_tag",
  type: "order-tags",
  columns: ["title"],
  toResource: ({ id, title, deleted, revision }) => resource("order-tags", String(id), { title, deleted, revision: Number(revision) }),
}
const tagOut = resourceOut("order-tags", { title: z.string(), deleted: z.boolean(), revision: z.int() }, {})

export const tagResources = (reader: Reader, ids: readonly string[]): Promise<Resource[]> => entriesByIds(reader, tags, ids)

export const tagOperations: readonly Operation[] = [
  readOperation({
    id: "ListOrderTags",
    method: "GET",
    path: "/v1/order-tags",
    tag: "Orders Tags API",
    summary: "List order tags",
    access: everyone,
    query: dictionaryQuery,
    answers: { 200: documentOut(z.array(tagOut), { ...pageMetaOut, revision: z.int() }) },
    refuses: [422],
    handle: ({ shop, query }) => listEntries(shop, tags, query),
  }),
  writeOperation({
    id: "CreateOrderTag",
    method: "POST",
    path: "/v1/order-tags",
    tag: "Orders Tags API",
    summary: "Create an order tag",
    access: management,
    body: resourceIn("order-tags", z.object({ title: title() }), z.object({}).optional()),
    answers: { 201: documentOut(tagOut) },
    refuses: [400, 409, 422],
    handle: async ({ tx, body: { id = newId(), attributes }, now }) =>
      created({ data: await addEntry(tx, tags, { id, values: { title: attributes.title } }, now) }),
  }),
  writeOperation({
    id: "DeleteOrderTag",
    method: "DELETE",
    path: "/v1/order-tags/{id}",
    tag: "Orders Tags API",
    summary: "Delete an order tag",
    access: management,
    params: z.object({ id: uuid }),
    answers: { 200: deletedOut },
    refuses: [400, 404, 422],
    async handle({ tx, params: { id }, now }) {
      await deleteEntries(tx, tags, [id], now)
      return ok({ meta: {} })
    },
  }),
]
