// How a fact changes the projections of one side: each kind of fact has a projector. One writer at a time on each shard, so a projector may read, decide and
// write. Called for each event as it arrives, and for each fact of the log when projections are rebuilt.
import { bouquetChanged, movementsRecorded } from "@florist/kit/contracts/stock"
import { cashMoved, cashShiftChanged, paymentRecorded } from "@florist/kit/contracts/payments"
import { orderChanged, orderPosted, orderReturned, orderReturnedPartly } from "@florist/kit/contracts/orders"
import { pointsChanged } from "@florist/kit/contracts/loyalty"
import { timecardClosed } from "@florist/kit/contracts/staff"
import type { Reader } from "@florist/kit/database"
import { localTime, standardZone } from "./calendar.ts"
import type { Fact, Projecting } from "./project/projecting.ts"
import { projectBouquet } from "./project/bouquet.ts"
import { projectCashMovement, projectCashShift } from "./project/cash.ts"
import { projectOrder, projectPartReturn, projectPosting, projectReturn } from "./project/order.ts"
import { projectPayment } from "./project/payment.ts"
import { projectPoints } from "./project/points.ts"
import { projectMovements } from "./project/stock.ts"
import { projectTimecard } from "./project/timecard.ts"
import type { Contribution } from "./total.ts"

type Projector = (on: Projecting, fact: Fact) => Promise<void>

/** Facts that are not named are kept in the log and change nothing. */
const projectors: Readonly<Record<string, Projector>> = {
  [orderChanged]: projectOrder,
  [orderPosted]: projectPosting,
  [orderReturned]: projectReturn,
  [orderReturnedPartly]: projectPartReturn,
  [paymentRecorded]: projectPayment,
  [cashMoved]: projectCashMovement,
  [cashShiftChanged]: projectCashShift,
  [movementsRecorded]: projectMovements,
  [bouquetChanged]: projectBouquet,
  [pointsChanged]: projectPoints,
  [timecardClosed]: projectTimecard,
}

export interface Side {
  reader: Reader
  shop: number
  side: number
  /** By store. */
  zones: Readonly<Record<string, string>>
}

/** Changes everything but the sums. @returns what is to be added to them. */
export async function project({ reader, shop, side, zones }: Side, fact: Fact): Promise<Contribution[]> {
  const contributions: Contribution[] = []
  await projectors[fact.type]?.(
    {
      reader,
      shop,
      side,
      local: (store, at) => localTime(at, (store === null ? undefined : zones[store]) ?? standardZone),
      add: (more) => void contributions.push(...more),
    },
    fact,
  )
  return contributions
}

/** Every table that stands on sides, for building and for taking away. */
export const sidedTables = [
  "sale_total",
  "money_total",
  "stock_total",
  "bouquet_total",
  "sale_order",
  "order_posting",
  "order_payment",
  "points_entry",
  "points_balance",
  "cash_shift",
  "register",
  "timecard",
  "stock_balance",
  "stock_document",
  "receipt_cost",
  "bouquet",
] as const
