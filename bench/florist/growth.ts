// Whether lists cost the same in a shop with a thousand movements and in one with a million: the same requests to both, in turn. Called by the bench.
import pg from "pg"
import { items, ownersSessions, store } from "../../demo/src/model.ts"
import type { BenchContext } from "../report.ts"
import type { Stage } from "./stage.ts"

export interface GrowthFigures {
  list: string
  smallMs: number
  largeMs: number
}

const small = 1_000
const large = 1_000_000
const rounds = 60

/** The first two shops of the first shard: 4 and 8. */
const shops = { small: 4, large: 8 }

const lists = [
  `/api/v1/inventory-items/${items[0].id}/warehouse-movement/${store}`,
  "/api/v1/inventory-items?page[size]=10&filter[balances][nonzero]=true",
  "/api/v1/stock/balances?page[size]=20",
  "/api/v1/orders?page[size]=20",
  "/api/v1/payments?page[size]=20",
  `/api/v1/stores/${store}/stats?filter[range]=month`,
]

export async function measureGrowth(stage: Stage, { log, signal }: BenchContext): Promise<GrowthFigures[]> {
  const [shard] = stage.shards
  if (shard === undefined) throw new Error("the stage has no shard")
  log(`a shop with ${small.toLocaleString("en")} movements, and one with ${large.toLocaleString("en")}`)
  await grow(shard.url, shops.small, small)
  await grow(shard.url, shops.large, large)
  const sessions = await ownersSessions(Math.max(...Object.values(shops)))
  const figures: GrowthFigures[] = []
  for (const list of lists) {
    const times: Record<keyof typeof shops, number[]> = { small: [], large: [] }
    for (let round = 0; round < rounds; round++) {
      for (const size of ["small", "large"] as const)
        times[size].push(await time(new URL(list, stage.url), sessions[shops[size]] ?? "", signal))
    }
    figures.push({ list, smallMs: median(times.small), largeMs: median(times.large) })
  }
  return figures
}

/** As years of receipts and sales leave them: half in, half out, spread over the items and three years. */
async function grow(url: string, shop: number, movements: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query("BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL session_replication_role = replica")
    await client.query(
      `INSERT INTO stock.stock_batch (shop_id, id, store_id, item_id, document_id, document_no, line_id, received_at, unit_cost, qty, cost)
       SELECT $1, gen_random_uuid(), $2, item, 'grown', 'grown', item::text, now() - interval '3 years', 10000, 1000, 10000 FROM unnest($3::uuid[]) AS item`,
      [shop, store, items.map(({ id }) => id)],
    )
    await client.query(
      `INSERT INTO stock.stock_movement (shop_id, id, store_id, item_id, batch_id, kind, qty, cost, document_id, document_no, line_id, turn, occurred_at)
       SELECT $1, gen_random_uuid(), $2, batch.item_id, batch.id, CASE n % 2 WHEN 0 THEN 'receipt' ELSE 'sale' END,
         CASE n % 2 WHEN 0 THEN 1000 ELSE -1000 END, CASE n % 2 WHEN 0 THEN 10000 ELSE -10000 END, 'grown-' || n, 'grown-' || n, '1', 1,
         now() - interval '3 years' + n * interval '3 years' / $3
       FROM generate_series(1, $3::int) AS n
       JOIN (SELECT id, item_id, row_number() OVER (ORDER BY id) - 1 AS place FROM stock.stock_batch WHERE shop_id = $1 AND document_id = 'grown') batch
         ON batch.place = n % ${items.length}`,
      [shop, store, movements],
    )
    await client.query(
      `INSERT INTO stock.stock_balance (shop_id, store_id, item_id, qty, cost) SELECT $1, $2, item, 1000, 10000 FROM unnest($3::uuid[]) AS item
       ON CONFLICT (shop_id, store_id, item_id) DO UPDATE SET qty = excluded.qty, cost = excluded.cost`,
      [shop, store, items.map(({ id }) => id)],
    )
    await client.query("COMMIT")
    await client.query("VACUUM (ANALYZE) stock.stock_movement, stock.stock_batch, stock.stock_balance")
  } finally {
    await client.end()
  }
}

async function time(url: URL, session: string, signal: AbortSignal): Promise<number> {
  const from = performance.now()
  const answer = await fetch(url, { headers: { authorization: `Bearer ${session}` }, signal })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${url.pathname} was answered ${answer.status}: ${text.slice(0, 300)}`)
  return performance.now() - from
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
