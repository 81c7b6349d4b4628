// The loyalty service: customers, what is known of them and what they are given. Started by main.ts and by tests.
import type { Service } from "@florist/kit/app"
import { celebrationOperations } from "./celebration.ts"
import { customerOperations } from "./customer-operations.ts"
import { dictionaryOperations } from "./dictionary.ts"
import { eventOperations } from "./event.ts"
import { followers } from "./followers.ts"
import { acceptForms } from "./form.ts"
import { groupHistoryOperations } from "./group-history-operations.ts"
import { groupOperations } from "./group-operations.ts"
import { importOperations, mostImportBytes } from "./import-operations.ts"
import { runImports } from "./importer.ts"
import { peerOperations } from "./peers.ts"
import { pointsOperations } from "./points-operations.ts"
import { statsOperations } from "./stats-operations.ts"

export const loyalty: Service = {
  name: "loyalty",
  reliesOn: {
    "loyalty.customer": [
      "title",
      "bonus_card",
      "full_phone",
      "bonus_group_id",
      "balance",
      "orders_amount",
      "average_check",
      "birthday_in_year",
      "made_from",
    ],
    "loyalty.customer_key": ["key", "customer_id"],
    "loyalty.customer_totals": ["present", "active", "active_amount"],
    "loyalty.bonus_group": ["rate", "payable", "entry_amount", "activate_on_entry"],
    "loyalty.discount_group": ["rate", "entry_amount", "activate_on_entry"],
    "loyalty.bonus_group_change": ["group_id", "customer_id", "operation"],
    "loyalty.customer_discount_group": ["group_id", "id"],
    "loyalty.customer_source": ["title", "deleted"],
    "loyalty.customer_preference": ["title", "deleted"],
    "loyalty.customer_event": ["date_from", "date_until"],
    "loyalty.celebration": ["title", "deleted"],
    "loyalty.celebration_date": ["celebration_id", "date_from", "date_until"],
    "loyalty.followed_order": ["revision", "customer_id", "sold", "total", "sold_on", "bonus_rate"],
    "loyalty.bonus_payment": ["order_id", "amount"],
    "loyalty.loyalty_entry": ["kind", "source_line", "points", "balance"],
    "loyalty.spending": ["payment_id", "state", "points", "entry_id"],
    "loyalty.points_debt": ["order_id", "points"],
    "loyalty.customer_import": ["status", "mapping", "created", "updated", "failed", "problem"],
    "loyalty.customer_import_row": ["fields", "outcome", "problem"],
    "loyalty.import_queue": ["import_id", "queued_at"],
    "loyalty.known_resource": ["attributes"],
  },
  clientFacts: async (shop) => {
    const [totals] = await shop.query("SELECT present FROM loyalty.customer_totals")
    return { customers: Number(totals?.present ?? 0) }
  },
  operations: () => [
    ...customerOperations(),
    ...pointsOperations(),
    ...importOperations(),
    ...statsOperations(),
    ...dictionaryOperations(),
    ...celebrationOperations(),
    ...eventOperations(),
    ...groupOperations(),
    ...groupHistoryOperations(),
    ...peerOperations(),
  ],
  consumes: ({ clock }) => followers(clock),
  extras: (app) => acceptForms(app, mostImportBytes),
  background: runImports,
}
