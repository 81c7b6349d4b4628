// The bouquets of the published API, one bouquet with its components, and the showcase.
import { bouquetStatuses } from "@florist/kit/contracts/stock"
import { documentOut } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { several, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { roublesOut, toRoubles } from "@florist/kit/money"
import { ok, readOperation, writeOperation } from "@florist/kit/operation"
import { conflict, invalid, notFound } from "@florist/kit/refusal"
import { everyone, handling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { checkSameContent, checkSeen, checkStore, contentHash, visibleStores } from "../access.ts"
import { nextNumbers } from "../numbering.ts"
import type { Bouquet } from "./bouquet.ts"
import { changeBouquet } from "./bouquet-change.ts"
import { bouquetColumns, bouquetOf, insertBouquet, lockBouquets, readBouquet } from "./bouquet-store.ts"
import { bouquetIn, bouquetOut, bouquetResource, bouquetsOut, componentResources } from "./bouquet-wire.ts"
import type { BouquetIn } from "./bouquet-wire.ts"

const tag = "Bouquets API"
const params = z.object({ id: uuid })
const alive = ["draft", "assembled", "demonstrated", "reserved"]
const aliveOnly = { sql: `status IN (${alive.map((status) => `'${status}'`).join(", ")})`, values: [] }

export const bouquetOperations = [
  readOperation({
    id: "listBouquets",
    method: "GET",
    path: "/v1/bouquets",
    tag,
    summary: "List bouquets: those in work or in a store, unless a status or a revision is asked for",
    access: everyone,
    query: z.object({
      ...pageQuery,
      "filter[status]": several(z.enum(bouquetStatuses)).optional(),
      /** As published sites ask; "edited" is a status that no bouquet has here. */
      "filter[statuses]": several(z.enum([...bouquetStatuses, "edited"])).optional(),
      "filter[stores]": several(uuid).optional(),
      "filter[order]": uuid.optional(),
      "filter[revision]": z.coerce.number().int().min(0).optional(),
      /** Left out: by number, the newest first. */
      sort: z.literal("-onWindowAt").optional(),
      /** Images are kept elsewhere: there are none to bring. */
      include: several(z.enum(["image", "images", "logo", "components"])).optional(),
    }),
    answers: { 200: bouquetsOut },
    refuses: [400, 422],
    async handle({ shop, query, session }) {
      const stores = visibleStores(session, query["filter[stores]"])
      const since = query["filter[revision]"]
      const status = query["filter[status]"] ?? query["filter[statuses]"]
      const conditions = [
        where("status = ANY (?::text[])", status),
        status === undefined && since === undefined && query["filter[order]"] === undefined ? aliveOnly : undefined,
        where("store_id = ANY (?::uuid[])", stores),
        where("order_id = ?", query["filter[order]"]),
        where("revision > ?", since),
      ]
      const byRevision = {
        columns: [
          { name: "revision", type: "bigint" },
          { name: "id", type: "uuid" },
        ],
        direction: "ASC",
      } as const
      const byNumber = { columns: [{ name: "number", type: "bigint" }], direction: "DESC" } as const
      const byWindow = {
        columns: [
          { name: "coalesce(on_window_at, 'epoch'::timestamptz)", type: "timestamptz" },
          { name: "number", type: "bigint" },
        ],
        direction: "DESC",
      } as const
      const order = since !== undefined ? byRevision : query.sort === undefined ? byNumber : byWindow
      const filter = { from: "stock.bouquet", conditions }
      const [page, sums] = await Promise.all([list(shop, { ...filter, columns: bouquetColumns, order, query }), sumsOf(shop, filter)])
      const { number: pageNumber, size: pageSize } = page.meta.page
      return ok({
        data: page.rows.map((row) => bouquetResource(bouquetOf(row))),
        meta: { ...page.meta, pageNumber, pageSize, ...sums },
        links: pageLinks("/bouquets", page),
      })
    },
  }),
  readOperation({
    id: "getBouquet",
    method: "GET",
    path: "/v1/bouquets/{id}",
    tag,
    summary: "One bouquet with its components",
    access: everyone,
    params,
    answers: { 200: bouquetOut },
    refuses: [400],
    async handle({ shop, params: { id }, session }) {
      const bouquet = await readBouquet(shop, id)
      if (bouquet === undefined) throw notFound(`bouquet ${id}`, { parameter: "id" })
      checkSeen(session, bouquet.storeId, `bouquet ${id}`)
      return ok({ data: bouquetResource(bouquet), included: componentResources(bouquet) })
    },
  }),
  writeOperation({
    id: "createBouquet",
    method: "POST",
    path: "/v1/bouquets",
    tag,
    summary: "Make a bouquet: a draft, or at once from components or a recipe",
    access: handling,
    body: bouquetIn,
    answers: { 200: bouquetOut },
    refuses: [400, 422],
    async handle({ tx, body, session, now }) {
      const id = body.id ?? newId()
      const hash = contentHash(body)
      const known = await begin(tx, { id, body, session, now, hash })
      const bouquet = known.isNew ? await changeBouquet(tx, known.bouquet, withoutRevision(body), { session, now }) : known.bouquet
      return ok({ data: bouquetResource(bouquet), included: componentResources(bouquet) })
    },
  }),
  writeOperation({
    id: "updateAction",
    method: "PATCH",
    path: "/v1/bouquets/{id}",
    tag,
    summary: "Change a bouquet, assemble it, put it on the showcase, take it apart",
    access: handling,
    params,
    body: bouquetIn,
    answers: { 200: bouquetOut },
    refuses: [400, 422],
    async handle({ tx, params: { id }, body, session, now }) {
      const bouquet = await changeBouquet(tx, await locked(tx, id, session), body, { session, now })
      return ok({ data: bouquetResource(bouquet), included: componentResources(bouquet) })
    },
  }),
  writeOperation({
    id: "deleteAction",
    method: "DELETE",
    path: "/v1/bouquets/{id}",
    tag,
    summary: "Delete a bouquet; what it is made of goes back",
    access: handling,
    params,
    answers: { 200: z.object({ meta: z.object({}) }) },
    refuses: [400],
    async handle({ tx, params: { id }, session, now }) {
      const bouquet = await locked(tx, id, session)
      if (bouquet.status !== "deleted")
        await changeBouquet(tx, bouquet, { id, attributes: { status: "deleted" }, relationships: undefined }, { session, now })
      return ok({ meta: {} })
    },
  }),
  readOperation({
    id: "showcase",
    method: "GET",
    path: "/v1/showcase",
    tag,
    summary: "What stands on the showcases: by store, how many for how much, and since when",
    access: everyone,
    query: z.object({ "filter[stores]": several(uuid).optional() }),
    answers: {
      200: documentOut(
        z.array(
          z.object({
            type: z.literal("showcases"),
            id: z.string(),
            attributes: z.object({
              count: z.int(),
              saleAmount: roublesOut,
              cost: roublesOut,
              oldestOnWindowAt: z.string(),
              withered: z.int(),
            }),
          }),
        ),
      ),
    },
    refuses: [422],
    async handle({ shop, query, session, now }) {
      const stores = visibleStores(session, query["filter[stores]"])
      const rows = await shop.query(
        `SELECT store_id, count(*) AS count, sum(sale_price)::bigint AS sale_amount, sum(cost)::bigint AS cost, min(on_window_at) AS oldest,
           count(*) FILTER (WHERE EXISTS (SELECT FROM stock.stock_batch batch WHERE batch.bouquet_id = bouquet.id AND batch.qty > 0 AND batch.fresh_until <= $2))
             AS withered
         FROM stock.bouquet WHERE status = 'demonstrated' AND ($1::uuid[] IS NULL OR store_id = ANY ($1)) GROUP BY store_id ORDER BY store_id`,
        [stores ?? null, now],
      )
      return ok({
        data: rows.map((row) => ({
          type: "showcases",
          id: String(row.store_id),
          attributes: {
            count: Number(row.count),
            saleAmount: toRoubles(Number(row.sale_amount)),
            cost: toRoubles(Number(row.cost)),
            oldestOnWindowAt: row.oldest instanceof Date ? row.oldest.toISOString() : null,
            withered: Number(row.withered),
          },
        })),
      })
    },
  }),
]

type Shop = Parameters<typeof list>[0]
type Filter = Pick<Parameters<typeof list>[1], "from" | "conditions">

const mostSummed = 10_000

/** Prices over the whole list, up to a bound, as the published meta has them. */
async function sumsOf(shop: Shop, { from, conditions }: Filter): Promise<Record<string, number | null>> {
  const given = conditions.filter((condition) => condition !== undefined)
  const values: unknown[] = []
  const filter = given.map(({ sql, values: own }) => {
    let next = 0
    return sql.replaceAll("?", () => {
      values.push(own[next++])
      return `$${values.length}`
    })
  })
  const [[sums], [newest]] = await Promise.all([
    shop.query(
      `SELECT min(sale_price) AS least, max(sale_price) AS most, coalesce(sum(sale_price), 0)::bigint AS total
       FROM (SELECT sale_price FROM ${from} ${filter.length === 0 ? "" : `WHERE ${filter.join(" AND ")}`} LIMIT ${mostSummed}) priced`,
      values,
    ),
    shop.query("SELECT max(revision) AS revision FROM stock.bouquet"),
  ])
  const price = (value: unknown) => (value === null || value === undefined ? null : toRoubles(Number(value)))
  return {
    minPrice: price(sums?.least),
    maxPrice: price(sums?.most),
    totalAmount: toRoubles(Number(sums?.total ?? 0)),
    revision: Number(newest?.revision ?? 0),
  }
}

interface Beginning {
  id: string
  body: BouquetIn
  session: Session
  now: Date
  hash: string
}

/** The row of a new bouquet, or the one that an equal request made. */
async function begin(tx: Transaction, { id, body, session, now, hash }: Beginning): Promise<{ bouquet: Bouquet; isNew: boolean }> {
  const [known] = await tx.query("SELECT request_hash FROM stock.bouquet WHERE id = $1", [id])
  if (known === undefined) {
    const storeId = body.relationships?.store ?? (await onlyStore(tx, session))
    checkStore(session, storeId)
    const { bouquet: number = 0 } = await nextNumbers(tx, { bouquet: 1 })
    const bouquet = blank({
      id,
      number,
      storeId,
      by: session.worker,
      at: body.attributes.createdAt ?? body.attributes.occurredAt ?? now,
      now,
    })
    const inserted = await insertBouquet(tx, bouquet, { number, hash })
    if (inserted === "new") return { bouquet, isNew: true }
    checkSameContent(inserted.keptHash, hash, "bouquet")
  } else checkSameContent(known.request_hash, hash, "bouquet")
  return { bouquet: await locked(tx, id, session), isNew: false }
}

/** @throws Refusal 422 where the store has to be named. */
async function onlyStore(tx: Transaction, { stores }: Session): Promise<string> {
  const [own, ...others] = stores ?? []
  if (own !== undefined && others.length === 0) return own
  const known = await tx.query("SELECT id FROM stock.known_resource WHERE type = 'stores' AND NOT deleted LIMIT 2")
  const [only] = known
  if (only !== undefined && known.length === 1 && stores === undefined) return String(only.id)
  throw invalid("Name the store that the bouquet is made in.", { pointer: "/data/relationships/store" })
}

async function locked(tx: Transaction, id: string, session: Session): Promise<Bouquet> {
  const [bouquet] = await lockBouquets(tx, [id])
  if (bouquet === undefined) throw notFound(`bouquet ${id}`, { parameter: "id" })
  checkSeen(session, bouquet.storeId, `bouquet ${id}`)
  return bouquet
}

/** Of a new bouquet the client cannot know one. */
function withoutRevision(body: BouquetIn): BouquetIn {
  const { revision: _, ...attributes } = body.attributes
  if (attributes.status === "deleted" || attributes.status === "sold" || attributes.status === "disassembled")
    throw conflict(`A new bouquet cannot be ${attributes.status}.`, { pointer: "/data/attributes/status" })
  return { ...body, attributes }
}

function blank({
  id,
  number,
  storeId,
  by,
  at,
  now,
}: {
  id: string
  number: number
  storeId: string
  by: string
  at: Date
  now: Date
}): Bouquet {
  return {
    id,
    docNo: String(number),
    title: "",
    description: "",
    height: 0,
    width: 0,
    color: "",
    status: "draft",
    storeId,
    orderId: null,
    floristId: by,
    recipeId: null,
    groupId: null,
    imageId: null,
    isPublic: false,
    amount: 0,
    discount: 0,
    discountType: "absolute",
    markup: 0,
    markupType: "absolute",
    salePrice: 0,
    cost: 0,
    turn: 0,
    components: [],
    assembledAt: null,
    onWindowAt: null,
    occurredAt: at,
    createdBy: by,
    updatedBy: by,
    createdAt: now,
    updatedAt: now,
    revision: 0,
  }
}
