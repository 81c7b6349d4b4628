// "How are you?": POST /api/v1/status with the id of a test client. Every service answers it in the same way:
// 200 only if the whole path to that client's data works, and the columns that this version's code uses are there.
import type { FastifyInstance } from "fastify"
import { z } from "zod"
import type { Identity } from "./config.ts"
import type { Reader } from "./database.ts"
import type { Fleet, OpenShop } from "./fleet.ts"
import { positiveId, read } from "./input.ts"
import { Refusal } from "./refusal.ts"

/** Columns by table: { "payments.payment": ["method"] }. */
export type Columns = Readonly<Record<string, readonly string[]>>

export interface StatusOptions {
  service: string
  identity: Identity
  fleet: Fleet
  reliesOn: Columns
  /** What the service knows about the shop; proves that its data can be read. */
  clientFacts: (shop: OpenShop) => Promise<Record<string, unknown>>
}

const question = z.object({ client: positiveId })

export function addStatus(app: FastifyInstance, options: StatusOptions): void {
  const { service, identity, fleet, reliesOn, clientFacts } = options

  app.post("/api/v1/status", async (request, reply) => {
    const { client } = read(question, request.body, "body")
    const state = { service, ...identity }
    try {
      const shop = await fleet.shop(client)
      const missing = await missingColumns(shop, reliesOn)
      const schema = { reliesOn, missing, present: missing.length === 0 }
      if (!schema.present) return await reply.code(503).send({ ...state, problem: `Missing columns: ${missing.join(", ")}`, schema })
      const facts = await clientFacts(shop)
      return { ...state, schema, client: { shop: shop.id, shard: shop.shard.name, ...facts } }
    } catch (cause) {
      if (!(cause instanceof Refusal) || cause.status !== 503) throw cause
      return reply.code(503).send({ ...state, problem: cause.message })
    }
  })
}

/** As "payments.payment.method", in the order of `reliesOn`. */
async function missingColumns(reader: Reader, reliesOn: Columns): Promise<string[]> {
  const wanted = Object.entries(reliesOn).flatMap(([table, columns]) => columns.map((column) => ({ table, column })))
  const rows = await reader.query(
    `SELECT wanted."table" || '.' || wanted."column" AS missing
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted("table", "column", place)
     LEFT JOIN pg_attribute found
       ON found.attrelid = to_regclass(wanted."table") AND found.attname = wanted."column" AND NOT found.attisdropped
     WHERE found.attname IS NULL
     ORDER BY place`,
    [wanted.map(({ table }) => table), wanted.map(({ column }) => column)],
  )
  return rows.map((row) => String(row.missing))
}
