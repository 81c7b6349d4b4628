// The operations on timecards: workers start and end their own, the management everybody's, and corrects them.
import { documentOut, pageMetaOut, reference } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { flag, instant, several, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { forbidden, invalid, notFound } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import { z } from "zod"
import { assertStores } from "./store-rows.ts"
import {
  correctedTimecard,
  correctionResource,
  newTimecard,
  timecardAnswer,
  timecardColumns,
  timecardEnd,
  timecardOut,
  timecardResource,
} from "./timecard.ts"
import { correctTimecard, correctionsOf, endTimecard, findTimecard, hoursWorked, startTimecard } from "./timecard-store.ts"
import { findWorkers } from "./worker-store.ts"

const tag = "Timecards"
const byId = z.object({ id: uuid })
const ofWorkersAndStores = { "filter[workers]": several(uuid).optional(), "filter[stores]": several(uuid).optional() }
const longestPeriodMs = 366 * 86_400_000

export const timecardOperations: readonly Operation[] = [
  readOperation({
    id: "ListTimecards",
    method: "GET",
    path: "/v1/timecards",
    tag,
    summary: "List timecards, the latest first; without management rights one's own",
    access: everyone,
    query: z.object({
      ...pageQuery,
      ...ofWorkersAndStores,
      "filter[from]": instant.optional(),
      "filter[to]": instant.optional(),
      "filter[open]": flag.optional(),
    }),
    answers: { 200: documentOut(z.array(timecardOut), pageMetaOut) },
    refuses: [422],
    async handle({ shop, query, session }) {
      const page = await list(shop, {
        from: "staff.timecard",
        columns: timecardColumns.join(", "),
        conditions: [
          where("shop_id = ?", shop.id),
          where("worker_id = ?", isManagement(session) ? undefined : session.worker),
          where("store_id = ANY (?::uuid[])", isManagement(session) ? session.stores : undefined),
          where("worker_id = ANY (?::uuid[])", query["filter[workers]"]),
          where("store_id = ANY (?::uuid[])", query["filter[stores]"]),
          where("started_at >= ?", query["filter[from]"]),
          where("started_at < ?", query["filter[to]"]),
          query["filter[open]"] === undefined ? undefined : where(`ended_at IS ${query["filter[open]"] ? "" : "NOT "}NULL`),
        ],
        order: {
          columns: [
            { name: "started_at", type: "timestamptz" },
            { name: "id", type: "uuid" },
          ],
          direction: "DESC",
        },
        query,
      })
      return ok({ data: page.rows.map(timecardResource), meta: page.meta, links: pageLinks("/v1/timecards", page) })
    },
  }),
  readOperation({
    id: "GetTimecard",
    method: "GET",
    path: "/v1/timecards/{id}",
    tag,
    summary: "Get a timecard, with its corrections included",
    access: everyone,
    params: byId,
    answers: { 200: timecardAnswer },
    refuses: [404, 422],
    async handle({ shop, params, session }) {
      const [row, corrections] = await Promise.all([findTimecard(shop, shop.id, params.id), correctionsOf(shop, shop.id, params.id)])
      if (!maySee(session, row)) throw notFound(`timecard ${params.id}`, { parameter: "id" })
      return ok({ data: timecardResource(row), included: corrections.map(correctionResource) })
    },
  }),
  readOperation({
    id: "SumTimecards",
    method: "GET",
    path: "/v1/timecard-hours",
    tag,
    summary: "Minutes at work within a period, by worker and store; without management rights one's own",
    access: everyone,
    query: z.object({ ...ofWorkersAndStores, "filter[from]": instant, "filter[to]": instant }),
    answers: { 200: null },
    refuses: [422],
    async handle({ shop, query, session, now }) {
      const [from, to] = [query["filter[from]"], query["filter[to]"]]
      if (to.getTime() - from.getTime() > longestPeriodMs || to <= from) {
        throw invalid("filter[to] lies after filter[from], by at most 366 days.", { parameter: "filter[to]" })
      }
      const rows = await hoursWorked(shop, shop.id, {
        from,
        to,
        workers: isManagement(session) ? query["filter[workers]"] : [session.worker],
        stores: within(session, query["filter[stores]"]),
        now,
      })
      const data = rows.map(hoursResource)
      return ok({ data, meta: { total: data.length, minutes: data.reduce((sum, { attributes }) => sum + attributes.minutes, 0) } })
    },
  }),
  writeOperation({
    id: "StartTimecard",
    method: "POST",
    path: "/v1/timecards",
    tag,
    summary: "Start work, or tell of a stay that is over already",
    access: everyone,
    body: newTimecard,
    answers: { 201: timecardAnswer },
    refuses: [404, 409, 422],
    async handle({ tx, body, session, now }) {
      const { worker = session.worker, store } = body.relationships
      const { startedAt, endedAt = null, note = null } = body.attributes
      const id = body.id ?? newId()
      assertMayKeep(session, { worker_id: worker, store_id: store })
      const [there] = await findWorkers(tx, tx.shop, worker === null ? [] : [worker])
      if (worker === null || there === undefined) throw notFound(`worker ${worker ?? "null"}`, { pointer: "/data/relationships/worker" })
      await assertStores(tx, tx.shop, [store], "/data/relationships/store")
      return created({ data: timecardResource(await startTimecard(tx, { id, worker, store, startedAt, endedAt, note }, now)) })
    },
  }),
  writeOperation({
    id: "EndTimecard",
    method: "POST",
    path: "/v1/timecards/{id}/end",
    tag,
    summary: "End work",
    access: everyone,
    params: byId,
    body: timecardEnd,
    answers: { 200: timecardAnswer },
    refuses: [404, 409, 422],
    async handle({ tx, params, body, session, now }) {
      const before = await findTimecard(tx, tx.shop, params.id, "FOR UPDATE")
      if (!maySee(session, before)) throw notFound(`timecard ${params.id}`, { parameter: "id" })
      return ok({ data: timecardResource(await endTimecard(tx, before, body, now)) })
    },
  }),
  writeOperation({
    id: "CorrectTimecard",
    method: "PATCH",
    path: "/v1/timecards/{id}",
    tag,
    summary: "Correct a timecard; what it was before is kept with the reason",
    access: management,
    params: byId,
    body: correctedTimecard,
    answers: { 200: timecardAnswer },
    refuses: [404, 409, 422],
    async handle({ tx, params, body, session, now }) {
      const before = await findTimecard(tx, tx.shop, params.id, "FOR UPDATE")
      assertMayKeep(session, before)
      const store = body.relationships?.store
      if (typeof store === "string") {
        assertMayKeep(session, { ...before, store_id: store })
        await assertStores(tx, tx.shop, [store], "/data/relationships/store")
      }
      return ok({ data: timecardResource(await correctTimecard(tx, before, body, { by: session.worker, now })) })
    },
  }),
]

const hoursResource = ({ worker_id: worker, store_id: store, minutes, stays }: Row) => ({
  type: "timecard-hours",
  id: `${String(worker)}:${String(store)}`,
  attributes: { minutes: Number(minutes), stays: Number(stays) },
  relationships: { worker: reference("workers", worker), store: reference("stores", store) },
})

const isManagement = ({ role }: Session) => management.includes(role)
const worksIn = ({ stores }: Session, store: unknown) => stores === undefined || stores.includes(String(store))
const maySee = (session: Session, card: Row) =>
  card.worker_id === session.worker || (isManagement(session) && worksIn(session, card.store_id))

function within({ stores: own }: Session, asked: readonly string[] | undefined): readonly string[] | undefined {
  return own === undefined ? asked : (asked ?? own).filter((store) => own.includes(store))
}

function assertMayKeep(session: Session, { worker_id: worker, store_id: store }: Row): void {
  if (worker !== session.worker && !isManagement(session)) throw forbidden("Another worker's timecards are kept by the management.")
  if (!worksIn(session, store)) throw forbidden(`This session does not work in store ${String(store)}.`)
}
