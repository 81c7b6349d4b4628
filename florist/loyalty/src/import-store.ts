// Imports in the database: the file's rows, which of them are done, and how each ended. Called by the imports' operations and their run.
import { moment } from "@florist/kit/document"
import type { Reader, Row } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { conflict, notFound } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { refuseMissingColumns } from "./import-mapping.ts"
import type { Mapping } from "./import-mapping.ts"

export const importType = "customer-import"
export const importRowType = "customer-import-row"
export const importColumns = "id, status, total, created, updated, failed, problem, created_at"

export interface ImportResource {
  type: string
  id: string
  attributes: Record<string, unknown>
}

export const importResource = (row: Row): ImportResource => ({
  type: importType,
  id: String(row.id),
  attributes: {
    total: Number(row.total),
    status: row.status,
    createdAt: moment(row.created_at),
    queue: row.status === "waiting" || row.status === "running",
    created: Number(row.created),
    updated: Number(row.updated),
    failed: Number(row.failed),
    problem: row.problem,
  },
})

/** The same id is the same import, made once. */
export async function createImport(
  tx: Transaction,
  rows: readonly string[][],
  { id, worker, now }: { id: string; worker: string; now: Date },
): Promise<Row> {
  const [kept] = await tx.query(`SELECT ${importColumns} FROM loyalty.customer_import WHERE id = $1`, [id])
  if (kept !== undefined) return kept
  const columns = Math.max(...rows.map((row) => row.length))
  const [created] = await tx.query(
    `INSERT INTO loyalty.customer_import (shop_id, id, status, columns, total, created_by, created_at) VALUES ($1, $2, 'created', $3, $4, $5, $6)
     RETURNING ${importColumns}`,
    [tx.shop, id, columns, rows.length, worker, now],
  )
  await tx.query(
    `INSERT INTO loyalty.customer_import_row (shop_id, import_id, place, id, fields)
     SELECT $1, $2, place, id, fields FROM jsonb_to_recordset($3::jsonb) AS (place int, id uuid, fields jsonb)`,
    [tx.shop, id, JSON.stringify(rows.map((fields, place) => ({ place, id: newId(), fields })))],
  )
  if (created === undefined) throw new Error("An import that was inserted was not returned.")
  return created
}

/** @throws Refusal 404 */
export async function importOf(reader: Reader, id: string): Promise<Row> {
  const [row] = await reader.query(
    `SELECT ${importColumns}, columns, mapping, created_by FROM loyalty.customer_import WHERE id = $1 AND NOT deleted`,
    [id],
  )
  if (row === undefined) throw notFound(`import ${id}`, { parameter: "id" })
  return row
}

/** Puts the import into the queue. The same mapping again changes nothing. @throws Refusal 404, 409, 422 */
export async function queueImport(tx: Transaction, id: string, mapping: Mapping): Promise<Row> {
  await tx.revision()
  const old = await importOf(tx, id)
  refuseMissingColumns(mapping, Number(old.columns))
  if (old.status !== "created") {
    const [same] = await tx.query("SELECT mapping = $2::jsonb AS same FROM loyalty.customer_import WHERE id = $1", [
      id,
      JSON.stringify(mapping),
    ])
    if (same?.same === true) return old
    throw conflict("The import has begun with other columns; create a new one.", { pointer: "/data/attributes" }, "import-begun")
  }
  const [row] = await tx.query(
    `UPDATE loyalty.customer_import SET status = 'waiting', mapping = $2::jsonb WHERE id = $1 RETURNING ${importColumns}`,
    [id, JSON.stringify(mapping)],
  )
  await tx.query("INSERT INTO loyalty.import_queue (shop_id, import_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", [tx.shop, id])
  return row ?? old
}

/** What it imported stays; rows that were not reached are not imported any more. @throws Refusal 404 */
export async function deleteImport(tx: Transaction, id: string): Promise<void> {
  await tx.revision()
  await importOf(tx, id)
  await tx.query("UPDATE loyalty.customer_import SET deleted = true WHERE id = $1", [id])
  await leaveQueue(tx, id)
}

export async function leaveQueue(tx: Transaction, id: string): Promise<void> {
  await tx.query("DELETE FROM loyalty.import_queue WHERE shop_id = $1 AND import_id = $2", [tx.shop, id])
}
