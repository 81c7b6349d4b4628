// What whoever takes money has seen of the order: part of the request, so that nobody pays a price that is another by now. Called by every way of paying.
import { roubles, toRoublesText } from "@florist/kit/money"
import { conflict } from "@florist/kit/refusal"
import { z } from "zod"
import { assertHeard } from "./sale.ts"
import type { Sale } from "./sale.ts"

export const seenOrder = {
  expectedTotal: roubles
    .optional()
    .describe("What the order came to where it was shown, in roubles; refused (409) where it comes to something else by now."),
  orderRevision: z.number().int().min(0).optional().describe("Of the order as it was shown: no older one decides."),
}

export interface SeenOrder {
  expectedTotal?: number | undefined
  orderRevision?: number | undefined
}

/** @throws Refusal 409 total-moved. */
export function checkSeen(sale: Sale, { expectedTotal, orderRevision }: SeenOrder): void {
  if (orderRevision !== undefined) assertHeard(sale, orderRevision)
  if (expectedTotal === undefined || expectedTotal === sale.total) return
  const detail = `Order ${sale.docNo} comes to ${toRoublesText(sale.total)} roubles now, not to ${toRoublesText(expectedTotal)}. Open it again, and take the money for what it is.`
  throw conflict(detail, { pointer: "/data/attributes/expectedTotal" }, "total-moved")
}
