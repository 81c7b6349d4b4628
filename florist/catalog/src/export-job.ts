// Making price lists: each step adds one part of a file in a transaction of its own, so that whatever is killed when, the next step goes on where the last
// one ended. Several copies share the queue without meeting. Run beside requests by the service.
import { setTimeout as sleep } from "node:timers/promises"
import type { PooledDatabase, Reader, Row } from "@florist/kit/database"
import type { Surroundings } from "@florist/kit/app"
import { toRoublesText } from "@florist/kit/money"
import { formats } from "./export-file.ts"
import type { ExportFormat, ExportedItem } from "./export-file.ts"
import { measureTitle } from "./group.ts"

const itemsInPart = 500
const mostTries = 5
const idleMs = 500

/** Until the signal ends it. */
export async function makeExports({ fleet, clock }: Pick<Surroundings, "fleet" | "clock">, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let isBusy = false
    try {
      for (const shard of await fleet.shards()) isBusy = (await exportStep(shard, clock())) || isBusy
    } catch {
      // A database that is down is tried again; the requests tell of it.
    }
    if (!isBusy) await sleep(idleMs, undefined, { signal }).catch(() => {})
  }
}

/** @returns whether there was something to do. */
export async function exportStep(shard: PooledDatabase, now: Date): Promise<boolean> {
  const taken: { shop?: number; id?: string } = {}
  try {
    return await shard.transaction(undefined, async (reader) => {
      const [next] = await reader.query(
        "SELECT shop_id, export_id FROM catalog.export_queue WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED",
      )
      if (next === undefined) return false
      Object.assign(taken, { shop: Number(next.shop_id), id: String(next.export_id) })
      await reader.query("SELECT set_config('florist.shop', $1, true)", [String(next.shop_id)])
      await addPart(reader, Number(next.shop_id), String(next.export_id), now)
      return true
    })
  } catch (cause) {
    if (taken.shop === undefined || taken.id === undefined) throw cause
    await putOff(shard, taken.shop, taken.id, cause instanceof Error ? cause.message : String(cause))
    return true
  }
}

async function addPart(reader: Reader, shop: number, id: string, now: Date): Promise<void> {
  const [job] = await reader.query("SELECT category_id, format, items FROM catalog.export WHERE shop_id = $1 AND id = $2", [shop, id])
  if (job === undefined) return finish(reader, shop, id)
  const [last] = await reader.query(
    "SELECT number, last_item FROM catalog.export_part WHERE shop_id = $1 AND export_id = $2 ORDER BY number DESC LIMIT 1",
    [shop, id],
  )
  const rows = await itemsAfter(reader, shop, String(job.category_id), last?.last_item ?? null)
  const { head, item, tail } = formats[job.format as ExportFormat]
  const isLast = rows.length < itemsInPart
  const content = [last === undefined ? head(now) : "", ...rows.map(exported).map(item), isLast ? tail : ""].join("")
  await reader.query("INSERT INTO catalog.export_part (shop_id, export_id, number, last_item, content) VALUES ($1, $2, $3, $4, $5)", [
    shop,
    id,
    Number(last?.number ?? 0) + 1,
    rows.at(-1)?.id ?? last?.last_item ?? null,
    content,
  ])
  await reader.query("UPDATE catalog.export SET status = $3, items = items + $4, updated_at = $5 WHERE shop_id = $1 AND id = $2", [
    shop,
    id,
    isLast ? "done" : "processing",
    rows.length,
    now,
  ])
  if (isLast) await finish(reader, shop, id)
}

async function finish(reader: Reader, shop: number, id: string): Promise<void> {
  await reader.query("DELETE FROM catalog.export_queue WHERE shop_id = $1 AND export_id = $2", [shop, id])
}

/** Of the category and everything below it. */
async function itemsAfter(reader: Reader, shop: number, category: string, after: unknown): Promise<Row[]> {
  return reader.query(
    `SELECT i.id, i.title, i.category_id, i.price_min, i.price_max, i.measure_id, i.public,
       (SELECT string_agg(a.title, ' / ' ORDER BY cardinality(a.path_ids)) FROM catalog.category a, catalog.category own
        WHERE own.shop_id = $1 AND own.id = i.category_id AND a.shop_id = $1 AND (a.id = own.id OR a.id = ANY (own.path_ids))) AS category,
       ARRAY(SELECT b.barcode FROM catalog.barcode b WHERE b.shop_id = $1 AND b.item_id = i.id ORDER BY b.id) AS barcodes,
       ARRAY(SELECT v.vendor_code FROM catalog.vendor_code v WHERE v.shop_id = $1 AND v.item_id = i.id ORDER BY v.id) AS vendor_codes
     FROM catalog.item i
     WHERE i.shop_id = $1 AND NOT i.deleted AND ($3::uuid IS NULL OR i.id > $3)
       AND i.category_id IN (SELECT c.id FROM catalog.category c WHERE c.shop_id = $1 AND (c.id = $2 OR $2 = ANY (c.path_ids)))
     ORDER BY i.id LIMIT ${itemsInPart}`,
    [shop, category, after],
  )
}

const exported = (row: Row): ExportedItem => ({
  id: String(row.id),
  title: String(row.title),
  category: String(row.category),
  categoryId: String(row.category_id),
  priceMin: row.price_min === null ? undefined : toRoublesText(Number(row.price_min)),
  priceMax: row.price_max === null ? undefined : toRoublesText(Number(row.price_max)),
  measure: measureTitle(row.measure_id),
  vendorCodes: row.vendor_codes as string[],
  barcodes: row.barcodes as string[],
  isPublic: row.public === true,
})

async function putOff(shard: PooledDatabase, shop: number, id: string, problem: string): Promise<void> {
  await shard.transaction(shop, async (reader) => {
    const [row] = await reader.query(
      `UPDATE catalog.export_queue SET tries = tries + 1, due_at = now() + make_interval(secs => power(2, tries)) WHERE shop_id = $1 AND export_id = $2 RETURNING tries`,
      [shop, id],
    )
    if (Number(row?.tries ?? mostTries) < mostTries) return
    await reader.query("UPDATE catalog.export SET status = 'failed', problem = $3, updated_at = now() WHERE shop_id = $1 AND id = $2", [
      shop,
      id,
      problem,
    ])
    await finish(reader, shop, id)
  })
}
