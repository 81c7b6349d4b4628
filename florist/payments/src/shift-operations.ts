// Opening, counting and looking at cash shifts.
import { z } from "zod"
import { documentOut, pageMetaOut, resourceIn, toOne } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { instant, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { roubles } from "@florist/kit/money"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, invalid, notFound } from "@florist/kit/refusal"
import { everyone, selling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { closeShift, findShift, openShift, shiftOf, shiftOut, shiftResource, shiftSelection, shiftType } from "./cash-shift.ts"
import type { Shift } from "./cash-shift.ts"
import { inStores } from "./money-rows.ts"
import { sees } from "./sale.ts"
import { refuseUnpaid } from "./unpaid-sales.ts"

const tag = "Cash shifts"
const one = documentOut(shiftOut)

export const shiftOperations: readonly Operation[] = [
  readOperation({
    id: "listShifts",
    method: "GET",
    path: "/v1/shifts",
    tag,
    summary: "List cash shifts, the newest first",
    access: everyone,
    query: z.object({
      ...pageQuery,
      "filter[register]": uuid.optional(),
      "filter[store]": uuid.optional(),
      "filter[status]": z.enum(["open", "closed"]).optional(),
    }),
    answers: { 200: documentOut(z.array(shiftOut), pageMetaOut) },
    refuses: [400],
    async handle({ shop, query, session }) {
      const status = query["filter[status]"]
      const page = await list(shop, {
        from: "payments.cash_shift",
        columns: shiftSelection,
        conditions: [
          where("register_id = ?", query["filter[register]"]),
          where("store_id = ?", query["filter[store]"]),
          status === undefined ? undefined : where(status === "open" ? "closed_at IS NULL" : "closed_at IS NOT NULL"),
          inStores(session.stores),
        ],
        order: {
          columns: [
            { name: "opened_at", type: "timestamptz" },
            { name: "id", type: "uuid" },
          ],
          direction: "DESC",
        },
        query,
      })
      const data = page.rows.map((row) => shiftResource(shiftOf(row)))
      return ok({ data, meta: page.meta, links: pageLinks("/v1/shifts", page) })
    },
  }),

  readOperation({
    id: "getShift",
    method: "GET",
    path: "/v1/shifts/{id}",
    tag,
    summary: "A cash shift, with what is expected in its drawer now",
    access: everyone,
    params: z.object({ id: uuid }),
    answers: { 200: one },
    refuses: [404],
    async handle({ shop, params, session }) {
      return ok({ data: shiftResource(seen(await findShift(shop, params.id), params.id, session)) })
    },
  }),

  writeOperation({
    id: "openShift",
    method: "POST",
    path: "/v1/shifts",
    tag,
    summary: "Open a register's shift with the cash that is in it",
    access: selling,
    body: resourceIn(
      shiftType,
      z.object({ openingAmount: roubles, openedAt: instant.optional() }),
      z.object({ register: toOne(), openedBy: toOne() }),
    ),
    answers: { 201: one },
    refuses: [400, 404, 409, 422],
    async handle({ tx, body, session, now }) {
      const { register, openedBy } = body.relationships
      if (typeof register !== "string") throw invalid("Say the register.", { pointer: "/data/relationships/register" })
      const storeId = await lockRegister(tx, register, session)
      const id = body.id ?? newId()
      const opening = body.attributes.openingAmount
      const known = await findShift(tx, id)
      if (known !== undefined) {
        if (known.registerId === register && known.opening === opening) return created({ data: shiftResource(known) })
        throw conflict("There is another shift with this id.", { pointer: "/data/id" })
      }
      const openedAt = body.attributes.openedAt ?? now
      await openShift(tx, storeId, { id, registerId: register, opening, openedAt, openedBy: openedBy ?? session.worker })
      return created({ data: shiftResource(seen(await findShift(tx, id), id, session)) })
    },
  }),

  writeOperation({
    id: "closeShift",
    method: "POST",
    path: "/v1/shifts/{id}/close",
    tag,
    summary: "Close a shift with the cash that was counted",
    access: selling,
    params: z.object({ id: uuid }),
    body: resourceIn(
      shiftType,
      z.object({
        countedAmount: roubles,
        closedAt: instant.optional(),
        unpaid: z
          .enum(["refuse", "leave"])
          .default("refuse")
          .describe("Whether the shift closes over what was sold in it and is not paid."),
      }),
      z.object({ closedBy: toOne() }).optional(),
    ),
    answers: { 200: one },
    refuses: [400, 404, 409, 422],
    async handle({ tx, params, body, session, now }) {
      const { registerId } = seen(await findShift(tx, params.id), params.id, session)
      await lockRegister(tx, registerId, session)
      const shift = seen(await findShift(tx, params.id), params.id, session)
      const { countedAmount: counted, closedAt = now, unpaid } = body.attributes
      if (shift.closedAt !== null) {
        if (shift.counted === counted) return ok({ data: shiftResource(shift) })
        throw conflict("The shift is closed, with another count; a closed one stays as it is.", { parameter: "id" }, "shift-closed")
      }
      if (unpaid === "refuse") await refuseUnpaid(tx, shift)
      const at = body.attributes.closedAt === undefined && closedAt < shift.openedAt ? shift.openedAt : closedAt
      await closeShift(tx, shift, { counted, closedAt: at, closedBy: body.relationships?.closedBy ?? session.worker })
      return ok({ data: shiftResource(seen(await findShift(tx, params.id), params.id, session)) })
    },
  }),
]

/** Whoever opens or closes holds the register; cash that comes in meanwhile waits. @returns its store. */
async function lockRegister(tx: Transaction, id: string, session: Session): Promise<string> {
  const [row] = await tx.query("SELECT store_id FROM payments.register WHERE id = $1 AND status = 'on' FOR UPDATE", [id])
  if (row === undefined || !sees(session, String(row.store_id))) throw notFound(`register ${id}`, { parameter: "register" })
  return String(row.store_id)
}

function seen(shift: Shift | undefined, id: string, session: Session): Shift {
  if (shift === undefined || !sees(session, shift.storeId)) throw notFound(`shift ${id}`, { parameter: "id" })
  return shift
}
