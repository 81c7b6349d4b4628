// The operations on stores. The published API reads them; opening and changing them is an extension.
import { documentOut, pageMetaOut } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { flag, several, text, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { forbidden } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"
import { z } from "zod"
import { latestRevision, pattern } from "./listing.ts"
import { changedStore, newStore, storeOut, storeResource } from "./store.ts"
import { changeStore, createStore, findStore, storeRow } from "./store-rows.ts"

const tag = "Stores API"
const mostStores = 200

export const storeOperations: readonly Operation[] = [
  readOperation({
    id: "ListStores",
    method: "GET",
    path: "/v1/stores",
    tag,
    summary: "List stores: those that the session works in, or with loadAll all of the shop",
    access: everyone,
    query: z.object({
      ...pageQuery,
      search: text(200).optional(),
      "filter[id]": several(uuid).optional(),
      externalLinkId: text(100).optional(),
      loadAll: flag.optional(),
      "filter[revision]": z.coerce.number().int().optional(),
    }),
    answers: { 200: documentOut(z.array(storeOut), { ...pageMetaOut, revision: z.int() }) },
    refuses: [422],
    async handle({ shop, query, session }) {
      const own = query.loadAll === true ? undefined : session.stores
      const [page, revision] = await Promise.all([
        list(shop, {
          from: "staff.store",
          columns: storeRow.join(", "),
          conditions: [
            where("shop_id = ?", shop.id),
            where("id = ANY (?::uuid[])", own),
            query["filter[revision]"] === undefined ? where("status = ?", "on") : where("revision > ?", query["filter[revision]"]),
            where("id = ANY (?::uuid[])", query["filter[id]"]),
            where("external_link_id = ?", query.externalLinkId),
            where("title ILIKE ?", pattern(query.search)),
          ],
          order: { columns: [{ name: "number", type: "integer" }], direction: "ASC" },
          query,
          size: mostStores,
        }),
        latestRevision(shop),
      ])
      return ok({ data: page.rows.map(storeResource), meta: { ...page.meta, revision }, links: pageLinks("/v1/stores", page) })
    },
  }),
  readOperation({
    id: "GetStore",
    method: "GET",
    path: "/v1/stores/{id}",
    tag,
    summary: "Get a store",
    access: everyone,
    params: z.object({ id: uuid }),
    answers: { 200: documentOut(storeOut) },
    refuses: [404, 422],
    handle: async ({ shop, params }) => ok({ data: storeResource(await findStore(shop, shop.id, params.id)) }),
  }),
  writeOperation({
    id: "CreateStore",
    method: "POST",
    path: "/v1/stores",
    tag,
    summary: "Open a store",
    access: management,
    body: newStore,
    answers: { 201: documentOut(storeOut) },
    refuses: [409, 422],
    async handle({ tx, body, now, session }) {
      if (session.stores !== undefined)
        throw forbidden("Whoever opens a store works in all stores of the shop; this session works in some.")
      return created({ data: storeResource(await createStore(tx, { ...body, id: body.id ?? newId() }, now)) })
    },
  }),
  writeOperation({
    id: "UpdateStore",
    method: "PATCH",
    path: "/v1/stores/{id}",
    tag,
    summary: "Change a store, or close it (status deleted)",
    access: management,
    params: z.object({ id: uuid }),
    body: changedStore,
    answers: { 200: documentOut(storeOut) },
    refuses: [404, 409, 422],
    async handle({ tx, params, body, now, session }) {
      if (session.stores !== undefined && !session.stores.includes(params.id))
        throw forbidden(`This session does not work in store ${params.id}.`)
      return ok({ data: storeResource(await changeStore(tx, params.id, body, now)) })
    },
  }),
]
