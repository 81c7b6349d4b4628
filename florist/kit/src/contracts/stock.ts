// What the stock service tells the others, and what it can be asked at once. Amounts in kopecks, quantities in thousandths.
import { z } from "zod"

const id = z.string()

export const movementKinds = [
  "receipt",
  "sale",
  "sale-return",
  "write-off",
  "transfer-out",
  "transfer-in",
  "count-surplus",
  "count-shortage",
  "assembly-out",
  "assembly-in",
  "disassembly-out",
  "disassembly-in",
  "correction",
] as const

/** One line of the append-only ledger. Together the lines of a batch are its balance, in quantity and in cost. */
export const movement = z.object({
  id,
  storeId: id,
  /** Exactly one of the two. */
  itemId: id.nullable(),
  bouquetId: id.nullable(),
  batchId: id,
  categoryId: id.nullable(),
  kind: z.enum(movementKinds),
  qty: z.number().int(),
  cost: z.number().int(),
  /** The document that it belongs to (order, receipt, act) and the line of it. */
  documentId: id,
  documentNo: z.string(),
  lineId: id,
  reasonId: id.nullable(),
  occurredAt: z.coerce.date(),
})
export type Movement = z.output<typeof movement>

/** data: { movements: Movement[] }, all of one document. */
export const movementsRecorded = "stock.movements-recorded"
export const movementsOf = z.object({ movements: z.array(movement) })

export const bouquetStatuses = ["draft", "assembled", "demonstrated", "reserved", "sold", "disassembled", "deleted"] as const

export const bouquetSnapshot = z.object({
  id,
  docNo: z.string(),
  title: z.string(),
  status: z.enum(bouquetStatuses),
  revision: z.number().int(),
  storeId: id,
  /** The order that it was made for, if it was. */
  orderId: id.nullable(),
  floristId: id.nullable(),
  /** Of its components, in kopecks. */
  cost: z.number().int(),
  salePrice: z.number().int(),
  assembledAt: z.coerce.date().nullable(),
  onWindowAt: z.coerce.date().nullable(),
})
export type BouquetSnapshot = z.output<typeof bouquetSnapshot>
export const bouquetChanged = "stock.bouquet-changed"

/** What a sale took, by line. A shortage is what was sold without being there; its cost is the item's last known cost. */
export const issueResult = z.object({
  orderId: id,
  lines: z.array(z.object({ lineId: id, cost: z.number().int(), shortage: z.number().int() })),
})
export type IssueResult = z.output<typeof issueResult>
/** Once for each order that was issued, also where it was asked for at once. data: IssueResult. */
export const orderIssued = "stock.order-issued"

/**
 * POST /internal/stock/v1/issues: takes the goods of an order. Asking again for the same order gives the same result. 409 `out-of-stock` where something is not there
 * and `shortage` is "refuse"; the problems point at the lines. The event order.posted does the same with "allow" where nobody asked before.
 */
export const issueRequest = z.object({
  orderId: id,
  docNo: z.string(),
  storeId: id,
  occurredAt: z.coerce.date(),
  shortage: z.enum(["refuse", "allow"]),
  /** Whether what is past its freshness may be taken too, after what is fresh. */
  expired: z.enum(["leave", "take"]).default("leave"),
  lines: z
    .array(z.object({ lineId: id, itemId: id.nullable(), bouquetId: id.nullable(), qty: z.number().int().positive() }))
    .min(1)
    .max(500),
})
export type IssueRequest = z.input<typeof issueRequest>

/**
 * POST /internal/stock/v1/issues/cancel { orderId }: gives the goods of an issue back that never became a sale. Again and for an unknown order: the same
 * answer, {}; an issue of that order that arrives later is refused (409 `issue-cancelled`).
 */
export const cancelIssueRequest = z.object({ orderId: id, occurredAt: z.coerce.date() })

/**
 * POST /internal/stock/v1/balances: how much there is of many items at once, in one store or (null) in all. Items that never moved have 0; what was sold
 * without being there makes it negative.
 */
export const balancesRequest = z.object({ storeId: id.nullable(), itemIds: z.array(id).max(1_000) })
export const balancesAnswer = z.object({ balances: z.array(z.object({ itemId: id, qty: z.number().int() })) })
