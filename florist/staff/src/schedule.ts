// The schedule: when who is to work where. A plan alone: timecards say what came of it. One worker's entries never overlap, which the database itself
// refuses. Called by the service.
import { documentOut, moment, oneOut, pageMetaOut, reference, resource, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { instant, several, text, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, noContent, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, forbidden, invalid, notFound } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { assertStores } from "./store-rows.ts"
import { findWorkers } from "./worker-store.ts"

const type = "schedule-entries"
const tag = "Schedule"
const byId = z.object({ id: uuid })
const longestMs = 24 * 3_600_000

export const scheduleColumns = ["id", "worker_id", "store_id", "starts_at", "ends_at", "note", "revision"]
const columns = scheduleColumns.join(", ")

const attributes = z.object({ startsAt: instant, endsAt: instant, note: text(500).nullable() })
const linked = z.object({ data: z.object({ type: z.string().optional(), id: uuid }) }).transform(({ data }) => data.id)
const newEntry = resourceIn(type, attributes.partial({ note: true }), z.object({ worker: linked, store: linked }))
const changedEntry = resourceIn(
  type,
  z.object({ ...attributes.partial().shape, revision: z.number().int().optional() }).default({}),
  z.object({ worker: toOne(), store: toOne() }).optional(),
)
const out = resourceOut(
  type,
  { startsAt: z.string(), endsAt: z.string(), note: z.string().nullable(), revision: z.number() },
  { worker: oneOut, store: oneOut },
)

interface Entry {
  worker: string
  store: string
  startsAt: Date
  endsAt: Date
  note: string | null
}

const entryResource = (row: Row): Resource =>
  resource(
    type,
    String(row.id),
    { startsAt: moment(row.starts_at), endsAt: moment(row.ends_at), note: row.note ?? null, revision: Number(row.revision) },
    { worker: reference("workers", row.worker_id), store: reference("stores", row.store_id) },
  )

const entryOf = (row: Row): Entry => ({
  worker: String(row.worker_id),
  store: String(row.store_id),
  startsAt: row.starts_at as Date,
  endsAt: row.ends_at as Date,
  note: row.note as string | null,
})

export const scheduleOperations: readonly Operation[] = [
  readOperation({
    id: "ListSchedule",
    method: "GET",
    path: "/v1/schedule",
    tag,
    summary: "List who is to work when, the earliest first",
    access: everyone,
    query: z.object({
      ...pageQuery,
      "filter[workers]": several(uuid).optional(),
      "filter[stores]": several(uuid).optional(),
      "filter[from]": instant.optional(),
      "filter[to]": instant.optional(),
    }),
    answers: { 200: documentOut(z.array(out), pageMetaOut) },
    refuses: [422],
    async handle({ shop, query, session }) {
      const from = query["filter[from]"]
      const page = await list(shop, {
        from: "staff.schedule_entry",
        columns,
        conditions: [
          where("shop_id = ?", shop.id),
          where("store_id = ANY (?::uuid[])", session.stores),
          where("worker_id = ANY (?::uuid[])", query["filter[workers]"]),
          where("store_id = ANY (?::uuid[])", query["filter[stores]"]),
          // Also those that began before and still go on; none is longer than a day.
          from === undefined ? undefined : where("starts_at > ? AND ends_at > ?", new Date(from.getTime() - longestMs), from),
          where("starts_at < ?", query["filter[to]"]),
        ],
        order: {
          columns: [
            { name: "starts_at", type: "timestamptz" },
            { name: "id", type: "uuid" },
          ],
          direction: "ASC",
        },
        query,
      })
      return ok({ data: page.rows.map(entryResource), meta: page.meta, links: pageLinks("/v1/schedule", page) })
    },
  }),
  writeOperation({
    id: "PlanWork",
    method: "POST",
    path: "/v1/schedule",
    tag,
    summary: "Plan when a worker is to work",
    access: management,
    body: newEntry,
    answers: { 201: documentOut(out) },
    refuses: [404, 409, 422],
    async handle({ tx, body, session }) {
      const { startsAt, endsAt, note = null } = body.attributes
      const entry = { ...body.relationships, startsAt, endsAt, note }
      const id = body.id ?? newId()
      await assertPlannable(tx, session, entry)
      const [there] = await tx.query(`SELECT ${columns} FROM staff.schedule_entry WHERE shop_id = $1 AND id = $2`, [tx.shop, id])
      if (there !== undefined) {
        if (JSON.stringify(entryOf(there)) === JSON.stringify(inOrder(entry))) return created({ data: entryResource(there) })
        throw conflict(`Schedule entry ${id} is there already, with other content.`, { pointer: "/data/id" })
      }
      const [row = {}] = await apart(
        tx.query(
          `INSERT INTO staff.schedule_entry (shop_id, id, worker_id, store_id, starts_at, ends_at, note, revision)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${columns}`,
          [tx.shop, id, entry.worker, entry.store, startsAt, endsAt, note, await tx.revision()],
        ),
      )
      return created({ data: entryResource(row) })
    },
  }),
  writeOperation({
    id: "ReplanWork",
    method: "PATCH",
    path: "/v1/schedule/{id}",
    tag,
    summary: "Change when, where or who is to work",
    access: management,
    params: byId,
    body: changedEntry,
    answers: { 200: documentOut(out) },
    refuses: [404, 409, 422],
    async handle({ tx, params, body, session }) {
      const before = await lockEntry(tx, params.id)
      const kept = entryOf(before)
      assertWorksIn(session, kept.store)
      const { startsAt = kept.startsAt, endsAt = kept.endsAt, note = kept.note, revision } = body.attributes
      if (revision !== undefined && revision !== Number(before.revision)) {
        const detail = `Schedule entry ${params.id} is at revision ${String(before.revision)}; read it again.`
        throw conflict(detail, { pointer: "/data/attributes/revision" }, "stale-revision")
      }
      const { worker, store } = body.relationships ?? {}
      const entry = { worker: worker ?? kept.worker, store: store ?? kept.store, startsAt, endsAt, note }
      await assertPlannable(tx, session, entry)
      const [row = {}] = await apart(
        tx.query(
          `UPDATE staff.schedule_entry SET worker_id = $3, store_id = $4, starts_at = $5, ends_at = $6, note = $7, revision = $8
           WHERE shop_id = $1 AND id = $2 RETURNING ${columns}`,
          [tx.shop, params.id, entry.worker, entry.store, startsAt, endsAt, note, await tx.revision()],
        ),
      )
      return ok({ data: entryResource(row) })
    },
  }),
  writeOperation({
    id: "UnplanWork",
    method: "DELETE",
    path: "/v1/schedule/{id}",
    tag,
    summary: "Take an entry out of the schedule",
    access: management,
    params: byId,
    answers: { 204: null },
    refuses: [404, 422],
    async handle({ tx, params, session }) {
      assertWorksIn(session, entryOf(await lockEntry(tx, params.id)).store)
      await tx.query("DELETE FROM staff.schedule_entry WHERE shop_id = $1 AND id = $2", [tx.shop, params.id])
      return noContent
    },
  }),
]

/** As `entryOf` orders its members. */
const inOrder = ({ worker, store, startsAt, endsAt, note }: Entry): Entry => ({ worker, store, startsAt, endsAt, note })

async function lockEntry(tx: Transaction, id: string): Promise<Row> {
  const [row] = await tx.query(`SELECT ${columns} FROM staff.schedule_entry WHERE shop_id = $1 AND id = $2 FOR UPDATE`, [tx.shop, id])
  if (row === undefined) throw notFound(`schedule entry ${id}`, { parameter: "id" })
  return row
}

async function assertPlannable(tx: Transaction, session: Session, { worker, store, startsAt, endsAt }: Entry): Promise<void> {
  const pointer = "/data/attributes/endsAt"
  if (endsAt <= startsAt) throw invalid("Work ends after it starts.", { pointer })
  if (endsAt.getTime() - startsAt.getTime() > longestMs) throw invalid("An entry is at most a day long.", { pointer })
  assertWorksIn(session, store)
  const [there] = await findWorkers(tx, tx.shop, [worker])
  if (there === undefined || there.dismissed_at !== null)
    throw notFound(`worker ${worker} at work here`, { pointer: "/data/relationships/worker" })
  await assertStores(tx, tx.shop, [store], "/data/relationships/store")
}

function assertWorksIn({ stores }: Session, store: string): void {
  if (stores !== undefined && !stores.includes(store)) throw forbidden(`This session does not work in store ${store}.`)
}

async function apart(rows: Promise<Row[]>): Promise<Row[]> {
  try {
    return await rows
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "23P01")) throw cause
    const detail = "The worker is to work elsewhere then; GET /v1/schedule shows where."
    throw conflict(detail, { pointer: "/data/attributes/startsAt" }, "overlapping-schedule")
  }
}
