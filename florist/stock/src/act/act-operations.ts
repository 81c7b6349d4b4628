// Operations of acts, the same five for each kind: receipts, write-offs, stocktakes, and the published movement acts.
import { documentOut } from "@florist/kit/document"
import { day, several, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, noContent, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { notFound } from "@florist/kit/refusal"
import { everyone, handling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { checkSameContent, contentHash, mayUse, visibleStores } from "../access.ts"
import type { Act, ActKind } from "./act.ts"
import { changeAct, createAct, deleteAct } from "./act-change.ts"
import { actColumns, actOf, keptHashOf, lockAct, readAct } from "./act-store.ts"
import { actIn, actResource, actShape, lineResources } from "./act-wire.ts"

interface Offer {
  kind: ActKind
  noun: string
  tag: string
  /** Of the list, and of one. */
  paths: { many: string; one: string }
  ids: { list: string; create: string; get: string; update: string; remove: string }
}

const offers: readonly Offer[] = [
  {
    kind: "transfer",
    noun: "movement act",
    tag: "Movement acts API",
    paths: { many: "/v1/movement-acts", one: "/v1/movement-act/{id}" },
    ids: {
      list: "ListMovementActs",
      create: "CreateMovementAct",
      get: "getAction",
      update: "updateMovementAct",
      remove: "deleteMovementAct",
    },
  },
  offer("receipt", "receipt", "/v1/receipts", "Receipt", "Purchases"),
  offer("write-off", "write-off", "/v1/write-offs", "WriteOff", "Stock"),
  offer("stocktake", "stocktake", "/v1/stocktakes", "Stocktake", "Stock"),
]

function offer(kind: ActKind, noun: string, path: string, name: string, tag: string): Offer {
  const ids = { list: `list${name}s`, create: `create${name}`, get: `get${name}`, update: `update${name}`, remove: `delete${name}` }
  return { kind, noun, tag, paths: { many: path, one: `${path}/{id}` }, ids }
}

export const actOperations: readonly Operation[] = offers.flatMap(operationsOf)

function operationsOf({ kind, noun, tag, paths, ids }: Offer): Operation[] {
  const shape = actShape(kind)
  const one = documentOut(shape)
  const params = z.object({ id: kind === "transfer" ? z.string().regex(/^[1-9]\d{0,14}$/, "must be the number of a movement act") : uuid })
  const pointer = { parameter: "id" }

  const seen = (act: Act | undefined, id: string, session: Session): Act => {
    const visible = act !== undefined && [act.storeId, act.toStoreId].some((store) => store !== null && mayUse(session, store))
    if (act === undefined || !visible) throw notFound(`${noun} ${id}`, pointer)
    return act
  }
  const locked = async (tx: Transaction, id: string, session: Session) => seen(await lockAct(tx, kind, id), id, session)
  const shown = (act: Act) => ({ data: actResource(act, "with lines"), included: lineResources(act) })

  return [
    readOperation({
      id: ids.list,
      method: "GET",
      path: paths.many,
      tag,
      summary: `List ${noun}s, the newest day first`,
      access: everyone,
      query: z.object({
        ...pageQuery,
        "filter[startDate]": day.optional(),
        "filter[endDate]": day.optional(),
        ...(kind === "transfer"
          ? { "filter[from]": uuid.optional(), "filter[to]": uuid.optional() }
          : { "filter[stores]": several(uuid).optional() }),
        "filter[posted]": z.stringbool().optional(),
        "filter[revision]": z.coerce.number().int().min(0).optional(),
      }),
      answers: { 200: documentOut(z.array(shape), { page: z.object({ number: z.int(), size: z.int() }), total: z.int() }) },
      refuses: [400, 422],
      async handle({ shop, query, session }) {
        const since = query["filter[revision]"]
        const asked: Readonly<Record<string, unknown>> = query
        const stores = visibleStores(session, asked["filter[stores]"] as readonly string[] | undefined)
        const posted = query["filter[posted]"]
        const page = await list(shop, {
          from: "stock.act",
          columns: actColumns,
          conditions: [
            where("kind = ?", kind),
            where("date >= ?::date", query["filter[startDate]"]),
            where("date <= ?::date", query["filter[endDate]"]),
            where("store_id = ?", asked["filter[from]"]),
            where("to_store_id = ?", asked["filter[to]"]),
            where("(store_id = ANY (?::uuid[]) OR to_store_id = ANY (?::uuid[]))", stores, stores),
            where("(status = 'posted') = ?", posted),
            since === undefined ? { sql: "status <> 'deleted'", values: [] } : where("revision > ?", since),
          ],
          order:
            since === undefined
              ? {
                  columns: [
                    { name: "act.date", type: "date" },
                    { name: "number", type: "bigint" },
                  ],
                  direction: "DESC",
                }
              : {
                  columns: [
                    { name: "revision", type: "bigint" },
                    { name: "id", type: "uuid" },
                  ],
                  direction: "ASC",
                },
          query,
        })
        return ok({
          data: page.rows.map((row) => actResource(actOf(row), "alone")),
          meta: page.meta,
          links: pageLinks(paths.many.replace("/v1", ""), page),
        })
      },
    }),
    readOperation({
      id: ids.get,
      method: "GET",
      path: paths.one,
      tag,
      summary: `One ${noun} with its lines`,
      access: everyone,
      params,
      answers: { 200: one },
      refuses: [400, 422],
      handle: async ({ shop, params: { id }, session }) => ok(shown(seen(await readAct(shop, kind, id), id, session))),
    }),
    writeOperation({
      id: ids.create,
      method: "POST",
      path: paths.many,
      tag,
      summary: `Write a ${noun}; posted at once where it says so`,
      access: handling,
      body: actIn(kind),
      answers: { 201: one },
      refuses: [400, 422],
      async handle({ tx, body, session, now }) {
        const hash = contentHash(body)
        const kept = body.id === undefined ? undefined : await keptHashOf(tx, body.id)
        const act = kept === undefined ? await createAct(tx, kind, body, { session, now, hash }) : undefined
        if (act !== undefined || body.id === undefined) return created(act === undefined ? {} : shown(act))
        checkSameContent(kept ?? (await keptHashOf(tx, body.id)), hash, noun)
        return created(shown(await locked(tx, body.id, session)))
      },
    }),
    writeOperation({
      id: ids.update,
      method: "PATCH",
      path: paths.one,
      tag,
      summary: `Change a draft of a ${noun}, or post it`,
      access: handling,
      params,
      body: actIn(kind),
      answers: { 200: one },
      refuses: [400, 422],
      handle: async ({ tx, params: { id }, body, session, now }) =>
        ok(shown(await changeAct(tx, await locked(tx, id, session), body, { session, now }))),
    }),
    writeOperation({
      id: ids.remove,
      method: "DELETE",
      path: paths.one,
      tag,
      summary: `Delete a draft of a ${noun}`,
      access: handling,
      params,
      answers: { 204: null },
      refuses: [400],
      async handle({ tx, params: { id }, session, now }) {
        await deleteAct(tx, await locked(tx, id, session), { session, now })
        return noContent
      },
    }),
  ]
}
