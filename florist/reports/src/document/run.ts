// Makes the result of a report that was asked for. Called by the background work; again for the same run it makes the same.
import type { Row } from "@florist/kit/database"
import type { OpenShop } from "@florist/kit/fleet"
import { reportTypes } from "./report-type.ts"
import type { Detail, FilterKind } from "./report-type.ts"

export async function runReport(shop: OpenShop, id: number, clock: () => Date): Promise<void> {
  const begun = await shop.write(async (tx) => {
    const [row] = await tx.query(
      `UPDATE reports.report SET stage = 'processing', revision = $3 WHERE shop_id = $1 AND id = $2 AND status = 'active' AND stage IN ('requested', 'processing')
       RETURNING run, report_type, to_char(period_start, 'YYYY-MM-DD') AS from, to_char(period_stop, 'YYYY-MM-DD') AS to, detailing, filters, stores`,
      [shop.id, id, await tx.revision()],
    )
    return row
  })
  if (begun === undefined) return
  const result = await sheetOf(shop, begun, clock())
  await shop.write(async (tx) => {
    await tx.query(
      `UPDATE reports.report SET stage = $4, result = $5, processed_at = $6, revision = $7 WHERE shop_id = $1 AND id = $2 AND run = $3 AND stage = 'processing'`,
      [
        shop.id,
        id,
        begun.run,
        result === undefined ? "deferred" : "prepared",
        result === undefined ? null : JSON.stringify(result),
        clock(),
        await tx.revision(),
      ],
    )
  })
}

export interface ReportFilter {
  id: string
  kind: FilterKind
  values: string[]
}

async function sheetOf(shop: OpenShop, row: Row, now: Date) {
  const type = reportTypes.find(({ id }) => id === row.report_type)
  if (type === undefined) return undefined
  const given = row.filters as ReportFilter[]
  const filters = Object.fromEntries(given.map(({ kind, values }) => [kind, values]))
  const allowed = row.stores as string[] | null
  const stores = filters.store ?? allowed ?? undefined
  const span = { from: String(row.from), to: String(row.to) }
  return type.sheet({ reader: shop, shop: shop.id, span, stores, filters, detailing: row.detailing as Detail[], now })
}
