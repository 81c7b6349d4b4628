// Which items a list shows: the published filters as conditions on one table, each with an index to go by. Called by the lists of items.
//
// filter[store] narrows the filters of stock, sales and prices to one store; alone it shows what that store has, has had, or has a price for.
import { flag, instant, several, text, uuid } from "@florist/kit/input"
import { where } from "@florist/kit/listing"
import type { Condition } from "@florist/kit/listing"
import { invalid } from "@florist/kit/refusal"
import { z } from "zod"
import { wholeShop } from "./item-store.ts"
import { rangesOf } from "./words.ts"

export const itemQuery = {
  /** Of the platform's catalog alone, or of both it and the shop; left out: the shop's. Items of both stand in one table. */
  "filter[dataSource]": z.enum(["catalog", "both"]).optional(),
  "filter[id]": several(uuid).optional(),
  "filter[globalId]": text(100).optional(),
  search: text(200).optional(),
  "filter[categories]": several(uuid).optional(),
  recursive: flag.optional(),
  type: z.enum(["item", "service"]).optional(),
  from: instant.optional(),
  "filter[store]": uuid.optional(),
  "filter[storePrice]": uuid.optional(),
  "filter[sold][from]": instant.optional(),
  "filter[sold][to]": instant.optional(),
  "filter[available]": flag.optional(),
  "filter[balances][nonzero]": flag.optional(),
  "filter[hasTransactions]": flag.optional(),
  "filter[hasActivePrices]": flag.optional(),
  public: flag.optional(),
  "filter[onWindow]": flag.optional(),
  "filter[exclude][journal]": uuid.optional(),
  "filter[vendors]": several(z.coerce.number().int().min(0).max(2_147_483_647)).optional(),
  "filter[revision]": z.coerce.number().int().optional(),
}
const schema = z.object(itemQuery)
export type ItemQuery = z.output<typeof schema>

/** @throws Refusal 422 where two filters exclude each other. */
export function itemConditions(shop: number, query: ItemQuery): (Condition | undefined)[] {
  const { "filter[store]": store, "filter[available]": isAvailable, "filter[balances][nonzero]": isNonzero } = query
  if (isAvailable === true && isNonzero === true) {
    throw invalid("filter[available] and filter[balances][nonzero] cannot be used together.", { parameter: "filter[available]" })
  }
  const since = query["filter[revision]"]
  const narrowed = [isAvailable, isNonzero, query["filter[hasTransactions]"], query["filter[hasActivePrices]"], query["filter[onWindow]"]]
  const isNarrowed = narrowed.includes(true) || query["filter[sold][from]"] !== undefined || query["filter[sold][to]"] !== undefined
  return [
    where("i.shop_id = ?", shop),
    since === undefined ? where("NOT i.deleted") : where("i.revision > ?", since),
    query["filter[dataSource]"] === "catalog" ? where("i.global_id IS NOT NULL") : undefined,
    where("i.id = ANY (?::uuid[])", query["filter[id]"]),
    where("i.global_id = ?", query["filter[globalId]"]),
    ...searched(shop, query.search),
    inCategories(shop, query),
    query.type === undefined ? undefined : where(ofType[query.type]),
    where("i.updated_at >= ?", query.from),
    where(
      "EXISTS (SELECT FROM catalog.price p WHERE p.shop_id = ? AND p.store_id = ? AND p.item_id = i.id)",
      shop,
      query["filter[storePrice]"],
    ),
    onlyIf(isAvailable, inBalances(shop, store, "b.qty > 0")),
    onlyIf(isNonzero, inBalances(shop, store, "b.qty <> 0")),
    onlyIf(query["filter[hasTransactions]"], inBalances(shop, store, "true")),
    onlyIf(query["filter[hasActivePrices]"], hasActivePrice(shop, store)),
    onlyIf(query.public, where("i.public")),
    onlyIf(query["filter[onWindow]"], onWindow(shop, store)),
    sold(shop, query),
    where(
      "NOT EXISTS (SELECT FROM catalog.document_item d WHERE d.shop_id = ? AND d.document_id = ? AND d.item_id = i.id)",
      shop,
      query["filter[exclude][journal]"],
    ),
    where(
      "EXISTS (SELECT FROM catalog.item_vendor v WHERE v.shop_id = ? AND v.vendor_id = ANY (?::integer[]) AND v.item_id = i.id)",
      shop,
      query["filter[vendors]"],
    ),
    isNarrowed ? undefined : ofStore(shop, store),
  ]
}

/** Written out, so that the index of the few services serves. */
const ofType = { item: "i.item_type = 'item'", service: "i.item_type = 'service'" } as const

const onlyIf = (flag: boolean | undefined, condition: Condition | undefined) => (flag === true ? condition : undefined)

/** A search without a word in it finds nothing. */
function searched(shop: number, search: string | undefined): (Condition | undefined)[] {
  if (search === undefined || search.trim() === "") return []
  const ranges = rangesOf(search)
  if (ranges.length === 0) return [where("false")]
  return ranges.map(({ from, below }) =>
    where("i.id IN (SELECT w.item_id FROM catalog.item_word w WHERE w.shop_id = ? AND w.word >= ? AND w.word < ?)", shop, from, below),
  )
}

function inCategories(shop: number, { "filter[categories]": categories, recursive }: ItemQuery): Condition | undefined {
  if (recursive !== true) return where("i.category_id = ANY (?::uuid[])", categories)
  return where(
    "i.category_id IN (SELECT c.id FROM catalog.category c WHERE c.shop_id = ? AND (c.id = ANY (?::uuid[]) OR c.path_ids && ?::uuid[]))",
    shop,
    categories,
    categories,
  )
}

function inBalances(shop: number, store: string | undefined, what: string): Condition | undefined {
  const there = `EXISTS (SELECT FROM catalog.balance b WHERE b.shop_id = ? AND b.item_id = i.id AND ${what}`
  return store === undefined ? where(`${there})`, shop) : where(`${there} AND b.store_id = ?)`, shop, store)
}

function hasActivePrice(shop: number, store: string | undefined): Condition | undefined {
  if (store === undefined) return where("i.active_points > 0")
  return where(
    "EXISTS (SELECT FROM catalog.price p WHERE p.shop_id = ? AND p.item_id = i.id AND p.store_id IN (?, ?) AND p.status = 'on')",
    shop,
    store,
    wholeShop,
  )
}

/** Items that a bouquet on the window was made of: assembling is a document of the bouquet's own id. */
function onWindow(shop: number, store: string | undefined): Condition | undefined {
  const there = `i.id IN (SELECT d.item_id FROM catalog.window_bouquet w
    JOIN catalog.document_item d ON d.shop_id = w.shop_id AND d.document_id = w.bouquet_id::text WHERE w.shop_id = ? AND w.on_window`
  return store === undefined ? where(`${there})`, shop) : where(`${there} AND w.store_id = ?)`, shop, store)
}

/** Days are UTC's. */
function sold(
  shop: number,
  { "filter[sold][from]": from, "filter[sold][to]": to, "filter[store]": store }: ItemQuery,
): Condition | undefined {
  if (from === undefined && to === undefined) return undefined
  const [first, last] = [dayOf(from ?? new Date(0)), dayOf(to ?? new Date(Date.UTC(2100, 0)))]
  const there = `i.id IN (SELECT s.item_id FROM catalog.sale_day s WHERE s.shop_id = ? AND s.day >= ?::date AND s.day <= ?::date AND s.moved_qty > 0`
  return store === undefined ? where(`${there})`, shop, first, last) : where(`${there} AND s.store_id = ?)`, shop, first, last, store)
}

const dayOf = (at: Date) => at.toISOString().slice(0, 10)

/** Scalars are looked up row by row, so that a page costs the same however much the store has; EXISTS would be gathered as a whole first. */
function ofStore(shop: number, store: string | undefined): Condition | undefined {
  return where(
    `coalesce((SELECT true FROM catalog.balance b WHERE b.shop_id = ? AND b.item_id = i.id AND b.store_id = ? LIMIT 1),
      (SELECT true FROM catalog.price p WHERE p.shop_id = ? AND p.item_id = i.id AND p.store_id IN (?, ?) LIMIT 1), false)`,
    shop,
    store,
    shop,
    store,
    wholeShop,
  )
}
