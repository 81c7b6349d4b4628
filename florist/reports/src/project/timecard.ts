// Hours worked: each closed timecard on the day that it began. Of a corrected one the newest event counts; ids of events grow with time.
import { timecardSnapshot } from "@florist/kit/contracts/staff"
import type { Fact, Projecting } from "./projecting.ts"

export async function projectTimecard({ reader, shop, side, local }: Projecting, fact: Fact): Promise<void> {
  const { id, workerId, storeId, startedAt, minutes } = timecardSnapshot.parse(fact.data)
  await reader.query(
    `INSERT INTO reports.timecard AS there (shop_id, side, id, worker_id, store_id, day, minutes, rank) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (shop_id, side, id) DO UPDATE SET worker_id = excluded.worker_id, store_id = excluded.store_id, day = excluded.day,
       minutes = excluded.minutes, rank = excluded.rank
     WHERE there.rank < excluded.rank`,
    [shop, side, id, workerId, storeId, local(storeId, startedAt).day, minutes, fact.id],
  )
}
