// Replays the log into the side that is not read, and lets the readers over when it has caught up. Nobody waits: events go on to the side that is read, and
// what arrived meanwhile is in the log. Called by the background work and by the command line.
import type { OpenShop } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import type { Transaction } from "@florist/kit/transaction"
import { factsAfter, zonesIn } from "./fact.ts"
import { project, sidedTables } from "./projection.ts"
import { addTotals } from "./total.ts"
import type { Contribution } from "./total.ts"

export interface Rebuilt {
  facts: number
}

export interface Rebuilding {
  signal: AbortSignal
  /** After each step, for whoever must show that the work goes on. */
  onStep?: () => Promise<void>
}

const factsAtOnce = 200
const rowsAtOnce = 5_000

/** @throws Error where another rebuild of the shop took over, or the signal ended it; what is read is then as it was. */
export async function rebuild(shop: OpenShop, { signal, onStep = async () => {} }: Rebuilding): Promise<Rebuilt> {
  const builder = newId()
  const side = await begin(shop, builder)
  if ((await clear(shop, { builder, side }, signal)) === "taken over") throw takenOver()
  for (let facts = 0; ;) {
    signal.throwIfAborted()
    const replayed = await shop.write((tx) => replaySome(tx, { builder, side }))
    facts += replayed
    await onStep()
    if (replayed < factsAtOnce) {
      await clear(shop, { builder: null, side: 1 - side }, signal)
      return { facts }
    }
  }
}

async function begin(shop: OpenShop, builder: string): Promise<number> {
  return shop.write(async (tx) => {
    const [row] = await tx.query(
      `INSERT INTO reports.projection AS there (shop_id, side, builder, built_to) VALUES ($1, 0, $2, 0)
       ON CONFLICT (shop_id) DO UPDATE SET builder = excluded.builder, built_to = 0 RETURNING side`,
      [shop.id, builder],
    )
    return 1 - Number(row?.side)
  })
}

interface Building {
  builder: string
  side: number
}

/**
 * The row of `projection` is locked: no event of this shop is kept meanwhile, so where fewer facts are left than were asked for, all are replayed, and the readers
 * come over in the same transaction.
 */
async function replaySome(tx: Transaction, { builder, side }: Building): Promise<number> {
  const [building] = await tx.query("SELECT builder, built_to FROM reports.projection WHERE shop_id = $1 FOR UPDATE", [tx.shop])
  if (building?.builder !== builder) throw takenOver()
  const facts = await factsAfter(tx, tx.shop, Number(building.built_to), factsAtOnce)
  const [row] = await tx.query("SELECT jsonb_object_agg(store_id, zone) AS zones FROM reports.store_zone WHERE shop_id = $1", [tx.shop])
  const contributions: Contribution[] = []
  for (const fact of facts) contributions.push(...(await project({ reader: tx, shop: tx.shop, side, zones: zonesIn(row?.zones) }, fact)))
  await addTotals(tx, tx.shop, side, contributions)
  const last = facts.at(-1)
  if (last !== undefined) await tx.query("UPDATE reports.projection SET built_to = $2 WHERE shop_id = $1", [tx.shop, last.position])
  if (facts.length < factsAtOnce) {
    await tx.query(
      `UPDATE reports.projection SET side = $2, builder = NULL, rebuilt_at = now(), calculated_at = now(),
         rebuilt_facts = (SELECT count(*) FROM reports.fact WHERE shop_id = $1) WHERE shop_id = $1`,
      [tx.shop, side],
    )
  }
  return facts.length
}

const takenOver = () => new Error("Another rebuild of this shop took over.")

interface Clearing {
  /** Who must be building still; null where nobody may be. */
  builder: string | null
  side: number
}

/** In small bites, each of which makes sure that nobody reads the side, and nobody else builds it. */
async function clear(shop: OpenShop, { builder, side }: Clearing, signal: AbortSignal): Promise<"cleared" | "taken over"> {
  for (const table of sidedTables) {
    for (;;) {
      signal.throwIfAborted()
      const gone = await shop.write(async (tx) => {
        const [now] = await tx.query("SELECT side, builder FROM reports.projection WHERE shop_id = $1 FOR SHARE", [shop.id])
        if (now?.builder !== builder || now?.side === side) return "taken over"
        const [deleted] = await tx.query(
          `WITH gone AS (DELETE FROM reports.${table} WHERE ctid IN (
             SELECT ctid FROM reports.${table} WHERE shop_id = $1 AND side = $2 LIMIT ${rowsAtOnce}) RETURNING 1)
           SELECT count(*) AS rows FROM gone`,
          [shop.id, side],
        )
        return Number(deleted?.rows)
      })
      if (gone === "taken over") return gone
      if (gone < rowsAtOnce) break
    }
  }
  return "cleared"
}
