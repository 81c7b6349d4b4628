// What other services ask at once: to take the goods of an order, to give them back, and how much there is.
import { balancesAnswer, balancesRequest, cancelIssueRequest, issueRequest, issueResult } from "@florist/kit/contracts/stock"
import { uuid } from "@florist/kit/input"
import { ok, peerOperation } from "@florist/kit/operation"
import { z } from "zod"
import { balancesOf } from "../view/balance-store.ts"
import { cancelIssue, issue } from "./issue.ts"

const issueBody = issueRequest.extend({
  orderId: uuid,
  storeId: uuid,
  lines: z
    .array(
      z
        .object({
          lineId: z.string().min(1).max(100),
          itemId: uuid.nullable(),
          bouquetId: uuid.nullable(),
          qty: z.number().int().positive().max(1e12),
        })
        .refine(({ itemId, bouquetId }) => (itemId === null) !== (bouquetId === null), "names an item or a bouquet, one of the two"),
    )
    .min(1)
    .max(500),
})

export const issueOperations = [
  peerOperation({
    id: "issueStock",
    method: "POST",
    path: "/v1/issues",
    summary: "Take the goods of an order",
    body: issueBody,
    answers: { 200: issueResult },
    refuses: [409, 422],
    handle: async ({ shop, body }) => ok(await shop.write((tx) => issue(tx, body))),
  }),
  peerOperation({
    id: "cancelStockIssue",
    method: "POST",
    path: "/v1/issues/cancel",
    summary: "Give the goods of an order back that was never sold",
    body: cancelIssueRequest.extend({ orderId: uuid }),
    answers: { 200: z.object({}) },
    refuses: [422],
    async handle({ shop, body }) {
      await shop.write((tx) => cancelIssue(tx, body))
      return ok({})
    },
  }),
  peerOperation({
    id: "stockBalancesOfItems",
    method: "POST",
    path: "/v1/balances",
    summary: "How much there is of many items",
    body: balancesRequest.extend({ storeId: uuid.nullable(), itemIds: z.array(uuid).max(1_000) }),
    answers: { 200: balancesAnswer },
    refuses: [422],
    handle: async ({ shop, body }) => ok({ balances: await balancesOf(shop, body) }),
  }),
]
