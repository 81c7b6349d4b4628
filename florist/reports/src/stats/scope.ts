// What a question of the statistics is about: which stores, which days, which categories; seen by whom. Called by every statistics operation.
import type { Reader } from "@florist/kit/database"
import { moment } from "@florist/kit/document"
import type { OpenShop } from "@florist/kit/fleet"
import { uuid, several } from "@florist/kit/input"
import { forbidden, notFound } from "@florist/kit/refusal"
import { management } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import { localTime, standardZone } from "../calendar.ts"
import type { Day, Span, Step } from "../calendar.ts"
import { currentSide } from "../total.ts"
import { rangeQuery, spanOf, stepOf } from "./range.ts"
import type { RangeQuery } from "./range.ts"

export const scopeQuery = { ...rangeQuery, "filter[categories]": several(uuid).optional() }

export interface Scope {
  reader: Reader
  shop: number
  /** Undefined for all. */
  stores: readonly string[] | undefined
  span: Span
  step: Step
  /** Undefined for all. */
  categories: readonly string[] | undefined
  /** The worker who may see the own figures only. */
  own: string | undefined
  now: Date
  /** By the store's clock, or Moscow's for several. */
  today: Day
  meta: { calculatedAt: string | null }
}

export interface ScopeAsked {
  shop: OpenShop
  session: Session
  now: Date
  query: RangeQuery & { "filter[categories]"?: string[] | undefined }
}

/** @throws Refusal 404 for a store that nobody told of, 403 for one that the session does not work in, 422 */
export async function scopeOfStore(asked: ScopeAsked, store: string): Promise<Scope> {
  const { shop, session } = asked
  if (session.stores?.includes(store) === false) throw forbidden(`This session does not work in store ${store}.`)
  const [row] = await shop.query(
    `SELECT calculated_at, (SELECT zone FROM reports.store_zone WHERE shop_id = $1 AND store_id = $2::uuid) AS zone,
       EXISTS (SELECT 1 FROM reports.known_resource WHERE shop_id = $1 AND type = 'stores' AND id = ($2::uuid)::text) AS is_known,
       EXISTS (SELECT 1 FROM reports.sale_total WHERE shop_id = $1 AND side = ${currentSide} AND breakdown = 'all' AND grain = 'month' AND store_id = $2::uuid) AS has_sold,
       EXISTS (SELECT 1 FROM reports.stock_balance WHERE shop_id = $1 AND side = ${currentSide} AND store_id = $2::uuid) AS has_goods
     FROM (SELECT $1::bigint AS shop_id) asked LEFT JOIN reports.projection USING (shop_id)`,
    [shop.id, store],
  )
  if (row?.is_known !== true && row?.has_sold !== true && row?.has_goods !== true) throw notFound(`store ${store}`, { parameter: "id" })
  return scopeOf(asked, [store], typeof row.zone === "string" ? row.zone : standardZone, row.calculated_at)
}

/** Over several stores today is Moscow's day; each store's figures go by its own days all the same. @throws Refusal 403, 422 */
export async function scopeOfStores(asked: ScopeAsked, stores: readonly string[] | undefined): Promise<Scope> {
  const { shop, session } = asked
  const outside = stores?.find((store) => session.stores?.includes(store) === false)
  if (outside !== undefined) throw forbidden(`This session does not work in store ${outside}.`)
  const [row] = await shop.query("SELECT calculated_at FROM reports.projection WHERE shop_id = $1", [shop.id])
  return scopeOf(asked, stores ?? session.stores, standardZone, row?.calculated_at)
}

function scopeOf({ shop, session, now, query }: ScopeAsked, stores: Scope["stores"], zone: string, calculatedAt: unknown): Scope {
  const span = spanOf(query, now, zone)
  return {
    reader: shop,
    shop: shop.id,
    stores,
    span,
    step: stepOf(query["filter[range]"], span),
    categories: query["filter[categories]"],
    own: management.includes(session.role) ? undefined : session.worker,
    now,
    today: localTime(now, zone).day,
    meta: { calculatedAt: moment(calculatedAt ?? now) },
  }
}
