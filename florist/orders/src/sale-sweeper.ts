// Ends what was left in the middle: sales whose process was killed, and issues whose cancelling stock has not heard of yet. Every copy does it; a
// row is tried by one of them at a time. Started by the service.
import type { Surroundings } from "@florist/kit/app"
import type { PooledDatabase, Row } from "@florist/kit/database"
import { setTimeout as sleep } from "node:timers/promises"
import { readOrder } from "./order-store.ts"
import { cancelIssue, endSale, leftAfterMs } from "./sale.ts"
import type { Seller } from "./sale.ts"

const everyMs = 5_000
const atOnce = 20

export async function sweepSales(surroundings: Surroundings, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // A shard that is down, or stock: the rows stay, and it is tried again.
    await sweepOnce(surroundings, signal).catch(() => {})
    await sleep(everyMs, undefined, { signal }).catch(() => {})
  }
}

/** @returns how many it has tried to end. */
export async function sweepOnce(surroundings: Surroundings, signal: AbortSignal): Promise<number> {
  const shards = await surroundings.fleet.shards()
  const counts = await Promise.all(shards.map((shard) => sweepShard(surroundings, shard, signal)))
  return counts.reduce((a, b) => a + b, 0)
}

async function sweepShard(surroundings: Surroundings, shard: PooledDatabase, signal: AbortSignal): Promise<number> {
  const now = surroundings.clock()
  const left = await shard.query(
    `UPDATE orders.sale_under_way w SET tried_at = $1
     FROM (SELECT shop_id, order_id FROM orders.sale_under_way WHERE tried_at < $2 ORDER BY tried_at LIMIT ${atOnce} FOR UPDATE SKIP LOCKED) l
     WHERE w.shop_id = l.shop_id AND w.order_id = l.order_id RETURNING w.shop_id, w.order_id, w.kind`,
    [now, new Date(now.getTime() - leftAfterMs)],
  )
  // One that fails is tried again later, and holds up no other.
  for (const row of left) await endLeft(surroundings, row, { now, signal }).catch(() => {})
  return left.length
}

async function endLeft(
  { fleet, peers }: Surroundings,
  { shop_id, order_id, kind }: Row,
  { now, signal }: Pick<Seller, "now" | "signal">,
): Promise<void> {
  const shop = await fleet.shop(Number(shop_id))
  const seller: Seller = { shop, peers, now, signal }
  const id = String(order_id)
  if (kind === "issue-cancel") {
    await cancelIssue(seller, id)
    return
  }
  const order = await readOrder(shop, id)
  if (order !== undefined && order.selling !== null) await endSale(seller, order, order.selling)
}
