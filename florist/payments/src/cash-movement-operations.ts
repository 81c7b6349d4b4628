// Cash that is put into a drawer or taken out of it, with a reason.
import { z } from "zod"
import { cashMoved } from "@florist/kit/contracts/payments"
import type { cashMovement } from "@florist/kit/contracts/payments"
import type { Reader, Row } from "@florist/kit/database"
import { documentOut, moment, oneOut, pageMetaOut, reference, resource, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { instant, text, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { positiveRoubles, roublesOut, toRoubles } from "@florist/kit/money"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, invalid, notFound } from "@florist/kit/refusal"
import { selling } from "@florist/kit/role"
import { shiftType } from "./cash-shift.ts"
import { putIntoDrawer } from "./drawer.ts"
import { cashMoved as cashMovedAccount, drawerOf, moved, record } from "./journal.ts"
import { inStores } from "./money-rows.ts"
import { registerType } from "./register-operations.ts"
import { sees } from "./sale.ts"

const tag = "Cash shifts"
const movementType = "cash-movements"
const kinds = ["deposit", "withdraw"] as const
export const movementColumns = [
  "shop_id",
  "id",
  "kind",
  "amount",
  "register_id",
  "shift_id",
  "store_id",
  "reason_id",
  "worker_id",
  "note",
  "occurred_at",
]
const columns = movementColumns.slice(1).join(", ")

const movementOut = resourceOut(
  movementType,
  { kind: z.enum(kinds), amount: roublesOut, description: z.string(), createdAt: z.string().nullable() },
  { register: oneOut, shift: oneOut, store: oneOut, reason: oneOut, createdBy: oneOut },
)

function movementResource(row: Row) {
  return resource(
    movementType,
    String(row.id),
    { kind: row.kind, amount: toRoubles(Number(row.amount)), description: row.note ?? "", createdAt: moment(row.occurred_at) },
    {
      register: reference(registerType, row.register_id),
      shift: reference(shiftType, row.shift_id),
      store: reference("stores", row.store_id),
      reason: reference("cash-reasons", row.reason_id),
      createdBy: reference("workers", row.worker_id),
    },
  )
}

export const cashMovementOperations: readonly Operation[] = [
  readOperation({
    id: "listCashMovements",
    method: "GET",
    path: "/v1/cash-movements",
    tag,
    summary: "List cash put in and taken out, the newest first",
    access: selling,
    query: z.object({ ...pageQuery, "filter[shift]": uuid.optional(), "filter[kind]": z.enum(kinds).optional() }),
    answers: { 200: documentOut(z.array(movementOut), pageMetaOut) },
    refuses: [400],
    async handle({ shop, query, session }) {
      const page = await list(shop, {
        from: "payments.cash_movement",
        columns,
        conditions: [where("shift_id = ?", query["filter[shift]"]), where("kind = ?", query["filter[kind]"]), inStores(session.stores)],
        order: {
          columns: [
            { name: "occurred_at", type: "timestamptz" },
            { name: "id", type: "uuid" },
          ],
          direction: "DESC",
        },
        query,
      })
      return ok({ data: page.rows.map(movementResource), meta: page.meta, links: pageLinks("/v1/cash-movements", page) })
    },
  }),

  writeOperation({
    id: "moveCash",
    method: "POST",
    path: "/v1/cash-movements",
    tag,
    summary: "Put cash into an open shift's drawer, or take it out",
    access: selling,
    body: resourceIn(
      movementType,
      z.object({
        kind: z.enum(kinds),
        amount: positiveRoubles,
        description: text(1_000).nullish(),
        createdAt: instant.optional(),
      }),
      z.object({ shift: toOne(), reason: toOne(), createdBy: toOne() }),
    ),
    answers: { 201: documentOut(movementOut) },
    refuses: [400, 404, 409, 422],
    async handle({ tx, body, session, now }) {
      const { shift, reason = null, createdBy } = body.relationships
      const { kind, amount, description, createdAt: occurredAt = now } = body.attributes
      if (typeof shift !== "string") throw invalid("Say the shift.", { pointer: "/data/relationships/shift" })
      const id = body.id ?? newId()
      const known = await findMovement(tx, id)
      if (known !== undefined) {
        if (known.kind === kind && Number(known.amount) === amount) return created({ data: movementResource(known) })
        throw conflict("There is another movement with this id.", { pointer: "/data/id" })
      }
      const [there] = await tx.query("SELECT store_id FROM payments.cash_shift WHERE id = $1", [shift])
      if (there === undefined || !sees(session, String(there.store_id))) throw notFound(`shift ${shift}`, { parameter: "shift" })
      if (reason !== null) await checkReason(tx, reason, kind)
      const storeId = String(there.store_id)
      const drawer = await putIntoDrawer(tx, { id, kind, amount, storeId, shiftId: shift, occurredAt })
      if (drawer?.shiftId !== shift)
        throw conflict("The shift is closed; name the open one.", { pointer: "/data/relationships/shift" }, "shift-closed")
      const workerId = createdBy ?? session.worker
      await tx.query(
        `INSERT INTO payments.cash_movement (${movementColumns.join(", ")}) VALUES (${movementColumns.map((_, index) => `$${index + 1}`).join(", ")})`,
        [tx.shop, id, kind, amount, drawer.registerId, shift, storeId, reason, workerId, description ?? null, occurredAt],
      )
      const [from, to] =
        kind === "deposit" ? [cashMovedAccount, drawerOf(drawer.registerId)] : [drawerOf(drawer.registerId), cashMovedAccount]
      await record(tx, { id, occurredAt, lines: moved(amount, from, to) })
      const data: z.input<typeof cashMovement> = { id, storeId, shiftId: shift, kind, reasonId: reason, amount, occurredAt }
      tx.emit({ type: cashMoved, subject: id, occurredAt, data })
      const row = await findMovement(tx, id)
      if (row === undefined) throw new Error(`movement ${id} was stored and cannot be found`)
      return created({ data: movementResource(row) })
    },
  }),
]

async function findMovement(reader: Reader, id: string): Promise<Row | undefined> {
  const [row] = await reader.query(`SELECT ${columns} FROM payments.cash_movement WHERE id = $1`, [id])
  return row
}

async function checkReason(reader: Reader, id: string, kind: string): Promise<void> {
  const source = { pointer: "/data/relationships/reason/data/id" }
  const [row] = await reader.query("SELECT type_reason FROM payments.cash_reason WHERE id = $1 AND status = 'on'", [id])
  if (row === undefined) throw invalid(`There is no cash reason ${id}.`, source)
  if (row.type_reason !== kind) throw invalid(`The reason is for the kind ${String(row.type_reason)}.`, source)
}
