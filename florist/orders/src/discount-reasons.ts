// Why a discount or a markup was given. Called by the service.
import { documentOut, pageMetaOut, references, resource, resourceIn, resourceOut } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { title, uuid } from "@florist/kit/input"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { invalid } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"
import { z } from "zod"
import { addEntry, changeEntry, deletedOut, deleteEntries, dictionaryQuery, listEntries, oneEntry } from "./dictionary.ts"
import type { Dictionary } from "./dictionary.ts"
import { discountKinds } from "./order.ts"

const type = "discount-reasons"
const tag = "Discount reasons API"
const reasons: Dictionary = {
  table: "orders.discount_reason",
  type,
  columns: ["title", "discount_type"],
  toResource: ({ id, title, discount_type: discountType, deleted, revision }) =>
    resource(type, String(id), { title, discountType, deleted, revision: Number(revision) }),
}
const discountType = z.enum(discountKinds)
const reasonOut = resourceOut(type, { title: z.string(), discountType, deleted: z.boolean(), revision: z.int() }, {})
const params = z.object({ id: uuid })

export const discountReasonOperations: readonly Operation[] = [
  readOperation({
    id: "ListDiscountReasons",
    method: "GET",
    path: "/v1/discount-reasons",
    tag,
    summary: "List discount reasons",
    access: everyone,
    query: dictionaryQuery,
    answers: { 200: documentOut(z.array(reasonOut), { ...pageMetaOut, revision: z.int() }) },
    refuses: [422],
    handle: ({ shop, query }) => listEntries(shop, reasons, query),
  }),
  writeOperation({
    id: "CreateDiscountReason",
    method: "POST",
    path: "/v1/discount-reasons",
    tag,
    summary: "Create a discount reason",
    access: management,
    body: resourceIn(type, z.object({ title: title(), discountType: discountType.default("discount") }), z.object({}).optional()),
    answers: { 201: documentOut(reasonOut) },
    refuses: [400, 409, 422],
    handle: async ({ tx, body: { id = newId(), attributes }, now }) =>
      created({ data: await addEntry(tx, reasons, { id, values: valuesOf(attributes) }, now) }),
  }),
  writeOperation({
    id: "DeleteDiscountReasons",
    method: "DELETE",
    path: "/v1/discount-reasons",
    tag,
    summary: "Delete discount reasons",
    access: management,
    body: references(),
    answers: { 200: deletedOut },
    refuses: [400, 404, 422],
    async handle({ tx, body: ids, now }) {
      await deleteEntries(tx, reasons, ids, now)
      return ok({ meta: {} })
    },
  }),
  readOperation({
    id: "GetDiscountReason",
    method: "GET",
    path: "/v1/discount-reasons/{id}",
    tag,
    summary: "One discount reason",
    access: everyone,
    params,
    answers: { 200: documentOut(reasonOut) },
    refuses: [404],
    handle: async ({ shop, params: { id } }) => ok({ data: await oneEntry(shop, reasons, id) }),
  }),
  writeOperation({
    id: "UpdateDiscountReason",
    method: "PATCH",
    path: "/v1/discount-reasons/{id}",
    tag,
    summary: "Change a discount reason",
    access: management,
    params,
    body: resourceIn(
      type,
      z.object({ title: title().optional(), discountType: discountType.optional(), deleted: z.boolean().optional() }),
      z.object({}).optional(),
    ),
    answers: { 200: documentOut(reasonOut) },
    refuses: [400, 404, 422],
    async handle({ tx, params: { id }, body, now }) {
      if (body.id !== undefined && body.id !== id) throw invalid("The id in the body is not that of the path.", { pointer: "/data/id" })
      return ok({ data: await changeEntry(tx, reasons, { id, values: valuesOf(body.attributes) }, now, "/data/id") })
    },
  }),
]

interface Said {
  title?: string | undefined
  discountType?: string | undefined
  deleted?: boolean | undefined
}

function valuesOf({ title, discountType, deleted }: Said): Record<string, string | boolean> {
  return {
    ...(title === undefined ? {} : { title }),
    ...(discountType === undefined ? {} : { discount_type: discountType }),
    ...(deleted === undefined ? {} : { deleted }),
  }
}
