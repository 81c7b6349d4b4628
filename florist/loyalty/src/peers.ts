// What the other services ask of loyalty at once, as contracts/loyalty.ts says.
import {
  cancelSpendingRequest,
  customerTerms,
  restoreSpendingRequest,
  spendingAnswer,
  spendingRequest,
} from "@florist/kit/contracts/loyalty"
import { uuid } from "@florist/kit/input"
import { ok, peerOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { notFound } from "@florist/kit/refusal"
import { z } from "zod"
import { termsOf } from "./group-entry.ts"
import { cancelSpending, restorePart, spend } from "./spending.ts"

const mostPoints = 1_000_000_000

export const peerOperations = (): Operation[] => [
  peerOperation({
    id: "spendPoints",
    method: "POST",
    path: "/v1/spendings",
    summary: "Take points for a payment",
    body: spendingRequest.extend({ orderId: uuid, customerId: uuid, points: z.number().int().min(1).max(mostPoints) }),
    answers: { 200: spendingAnswer },
    refuses: [404, 409, 422],
    async handle({ shop, body, now }) {
      return ok(await shop.write((tx) => spend(tx, body, now)))
    },
  }),
  peerOperation({
    id: "cancelSpending",
    method: "POST",
    path: "/v1/spendings/cancel",
    summary: "Give a payment's points back",
    body: cancelSpendingRequest,
    answers: { 200: z.object({}) },
    refuses: [422],
    async handle({ shop, body, now }) {
      await shop.write((tx) => cancelSpending(tx, body, now))
      return ok({})
    },
  }),
  peerOperation({
    id: "restoreSpending",
    method: "POST",
    path: "/v1/spendings/restore",
    summary: "Give some of a payment's points back",
    body: restoreSpendingRequest.extend({ points: z.number().int().min(1).max(mostPoints) }),
    answers: { 200: z.object({}) },
    refuses: [422],
    async handle({ shop, body, now }) {
      await shop.write((tx) => restorePart(tx, body, now))
      return ok({})
    },
  }),
  peerOperation({
    id: "customerTerms",
    method: "GET",
    path: "/v1/customers/{id}/terms",
    summary: "What a customer's groups give",
    params: z.object({ id: uuid }),
    answers: { 200: customerTerms },
    refuses: [404],
    async handle({ shop, params: { id }, now }) {
      const terms = await termsOf(shop, id, now)
      if (terms === undefined) throw notFound(`customer ${id}`, { parameter: "id" })
      return ok({ customerId: id, ...terms })
    },
  }),
]
