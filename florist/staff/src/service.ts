// The staff service: stores, workers, their sessions their timecards and the schedule. It opens sessions for all services and tells them of stores and workers.
import type { Service } from "@florist/kit/app"
import type { OpenShop } from "@florist/kit/fleet"
import { positionColumns, positionOperations } from "./position.ts"
import { scheduleColumns, scheduleOperations } from "./schedule.ts"
import { sessionOperations } from "./session-operations.ts"
import { storeOperations } from "./store-operations.ts"
import { storeRow } from "./store-rows.ts"
import { correctionColumns, timecardColumns } from "./timecard.ts"
import { timecardOperations } from "./timecard-operations.ts"
import { workerColumns } from "./worker.ts"
import { workerOperations } from "./worker-operations.ts"

export const staff: Service = {
  name: "staff",
  reliesOn: {
    "staff.store": storeRow,
    "staff.position": positionColumns,
    "staff.worker": ["id", ...Object.values(workerColumns), "position_id", "dismissed_at", "created_at", "updated_at", "revision"],
    "staff.worker_store": ["worker_id", "store_id"],
    "staff.account": ["id", "worker_id", "username", "status", "role", "password_hash", "password_salt", "password_cost", "created_at"],
    "staff.session": [
      "id",
      "account_id",
      "token_hash",
      "previous_hash",
      "successor_sealed",
      "rotated_at",
      "expires_at",
      "ended_at",
      "end_reason",
      "created_at",
    ],
    "staff.sign_in_attempt": ["shop_id", "subject", "failures", "last_at", "blocked_until"],
    "staff.timecard": timecardColumns,
    "staff.timecard_correction": correctionColumns,
    "staff.schedule_entry": scheduleColumns,
  },
  clientFacts: countOf,
  operations: (surroundings) => [
    ...sessionOperations(surroundings),
    ...storeOperations,
    ...positionOperations,
    ...workerOperations(surroundings),
    ...timecardOperations,
    ...scheduleOperations,
  ],
}

async function countOf(shop: OpenShop): Promise<Record<string, unknown>> {
  const [row] = await shop.query(
    `SELECT (SELECT count(*) FROM staff.store WHERE shop_id = $1 AND status = 'on') AS stores,
       (SELECT count(*) FROM staff.worker WHERE shop_id = $1 AND dismissed_at IS NULL) AS workers`,
    [shop.id],
  )
  return { stores: Number(row?.stores ?? 0), workers: Number(row?.workers ?? 0) }
}
