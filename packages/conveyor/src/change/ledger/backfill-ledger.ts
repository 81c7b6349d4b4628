// How far the rows of each table have come, as each shard's ledger has it. A batch's rows and its cursor commit together.
// Called by the backfill and the status.
import type { LeafFacts } from "../evidence/catalog.ts"
import { repackOperation } from "./repack-ledger.ts"
import type { Session } from "../fleet/session.ts"

/** Where the backfill of one leaf table stands: strides 0..n-1 over the pages of a window, then the next window. */
export interface Cursor {
  leaf: number
  fileNode: number
  page: number
  stride: number
  windowPages: number
  endPage: number
  /** Windows in which an application held rows, to be visited again. */
  skipped: readonly (readonly [from: number, to: number])[]
  rowsTotal: number
  rowsDone: number
  rowsChanged: number
  workingMs: number
  isDone: boolean
}

interface CursorRow {
  leaf: number
  file_node: number
  page: number
  stride: number
  window_pages: number
  end_page: number
  skipped: [number, number][]
  rows_total: number
  rows_done: number
  rows_changed: number
  working_ms: number
  is_done: boolean
}

const columns = `leaf::int8::float8 AS leaf, file_node::int8::float8 AS file_node, page::float8, stride, window_pages::float8, end_page::float8, skipped,
  rows_total::float8, rows_done::float8, rows_changed::float8, working_ms::float8, is_done`

/** The cursor of a leaf, made where there is none, and made anew where the table was rewritten since: its pages are others. */
export async function openCursor(session: Session, change: string, operation: string, leaf: LeafFacts): Promise<Cursor> {
  await session.execute(
    `INSERT INTO conveyor.backfill (change, operation, leaf, file_node, end_page, rows_total, heap_before, index_before)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (change, operation, leaf) DO UPDATE SET file_node = EXCLUDED.file_node, page = 0, stride = 0, window_pages = 0, end_page = EXCLUDED.end_page,
       skipped = '[]', rows_done = 0, is_done = false
     WHERE backfill.file_node <> EXCLUDED.file_node`,
    [change, operation, leaf.oid, leaf.fileNode, leaf.pages, leaf.rows, leaf.heapBytes, leaf.indexBytes],
  )
  const [row] = await session.rows<CursorRow>(
    `SELECT ${columns} FROM conveyor.backfill WHERE change = $1 AND operation = $2 AND leaf = $3`,
    [change, operation, leaf.oid],
  )
  if (row === undefined) throw new Error(`the cursor of ${leaf.table.name} is gone`)
  return {
    leaf: row.leaf,
    fileNode: row.file_node,
    page: row.page,
    stride: row.stride,
    windowPages: row.window_pages,
    endPage: row.end_page,
    skipped: row.skipped,
    rowsTotal: row.rows_total,
    rowsDone: row.rows_done,
    rowsChanged: row.rows_changed,
    workingMs: row.working_ms,
    isDone: row.is_done,
  }
}

export async function saveCursor(session: Session, change: string, operation: string, cursor: Cursor): Promise<void> {
  await session.execute(
    `UPDATE conveyor.backfill SET page = $4, stride = $5, window_pages = $6, skipped = $7, rows_done = $8, rows_changed = $9, working_ms = $10, is_done = $11
     WHERE change = $1 AND operation = $2 AND leaf = $3`,
    [
      change,
      operation,
      cursor.leaf,
      cursor.page,
      cursor.stride,
      cursor.windowPages,
      JSON.stringify(cursor.skipped),
      Math.round(cursor.rowsDone),
      cursor.rowsChanged,
      Math.round(cursor.workingMs),
      cursor.isDone,
    ],
  )
}

/** The sizes after the rows were filled and before new indexes are built. */
export async function saveSizes(session: Session, change: string, operation: string): Promise<void> {
  await session.execute(
    `UPDATE conveyor.backfill SET heap_after = pg_table_size(leaf::regclass), index_after = pg_indexes_size(leaf::regclass)
     WHERE change = $1 AND operation = $2 AND heap_after IS NULL AND EXISTS (SELECT FROM pg_class WHERE oid = leaf)`,
    [change, operation],
  )
}

export interface Sizes {
  rows: number
  workingMs: number
  heapBefore: number
  heapAfter: number
  indexBefore: number
  indexAfter: number
}

/** The cursors of a change are its backfill's and its repack's. */
export type RowWorkKind = "backfill" | "repack"

const ofKind = (kind: RowWorkKind) => `(operation = '${repackOperation}') = ${kind === "repack"}`

export async function readSizes(session: Session, change: string, kind: RowWorkKind): Promise<Sizes> {
  const [row] = await session.rows<{ rows: number; ms: number; hb: number; ha: number; ib: number; ia: number }>(
    `SELECT coalesce(sum(rows_changed), 0)::float8 AS rows, coalesce(sum(working_ms), 0)::float8 AS ms,
            coalesce(sum(heap_before), 0)::float8 AS hb, coalesce(sum(coalesce(heap_after, heap_before)), 0)::float8 AS ha,
            coalesce(sum(index_before), 0)::float8 AS ib, coalesce(sum(coalesce(index_after, index_before)), 0)::float8 AS ia
     FROM conveyor.backfill WHERE change = $1 AND ${ofKind(kind)}`,
    [change],
  )
  return {
    rows: row?.rows ?? 0,
    workingMs: row?.ms ?? 0,
    heapBefore: row?.hb ?? 0,
    heapAfter: row?.ha ?? 0,
    indexBefore: row?.ib ?? 0,
    indexAfter: row?.ia ?? 0,
  }
}

export interface SavedProgress {
  rowsDone: number
  rowsTotal: number
  rowsPerSecond: number
  etaMs: number | undefined
  pausedFor: string | undefined
  batchRows: number
}

export async function saveProgress(
  session: Session,
  change: string,
  progress: Omit<SavedProgress, "rowsDone" | "rowsTotal">,
): Promise<void> {
  await session.execute(
    `INSERT INTO conveyor.progress (change, batch_rows, rows_per_second, eta_ms, paused_for) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (change) DO UPDATE SET batch_rows = $2, rows_per_second = $3, eta_ms = $4, paused_for = $5, at = clock_timestamp()`,
    [change, progress.batchRows, progress.rowsPerSecond, progress.etaMs ?? null, progress.pausedFor ?? null],
  )
}

/** The reason alone: the rows stand where they stand. */
export async function savePause(session: Session, change: string, pausedFor: string | undefined): Promise<void> {
  await session.execute(
    `INSERT INTO conveyor.progress (change, batch_rows, rows_per_second, paused_for) SELECT name, 0, 0, $2 FROM conveyor.change WHERE name = $1
     ON CONFLICT (change) DO UPDATE SET paused_for = $2, at = clock_timestamp()`,
    [change, pausedFor ?? null],
  )
}

export async function readProgress(session: Session, change: string, kind: RowWorkKind): Promise<SavedProgress> {
  const [row] = await session.rows<{
    done: number
    total: number
    batch: number | null
    rate: number | null
    eta: number | null
    paused: string | null
  }>(
    `SELECT coalesce(sum(b.rows_done), 0)::float8 AS done, coalesce(sum(b.rows_total), 0)::float8 AS total,
            max(p.batch_rows) AS batch, max(p.rows_per_second) AS rate, max(p.eta_ms) AS eta, max(p.paused_for) AS paused
     FROM conveyor.change c LEFT JOIN conveyor.backfill b ON b.change = c.name AND ${ofKind(kind)} LEFT JOIN conveyor.progress p ON p.change = c.name WHERE c.name = $1`,
    [change],
  )
  return {
    rowsDone: row?.done ?? 0,
    rowsTotal: row?.total ?? 0,
    rowsPerSecond: row?.rate ?? 0,
    etaMs: row?.eta ?? undefined,
    pausedFor: row?.paused ?? undefined,
    batchRows: row?.batch ?? 0,
  }
}
