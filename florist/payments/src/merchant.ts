// A shop as the bank knows it: its merchant number, its secret, its client. The secret follows from the platform's own, so that none has to be kept. Called by QR
// payments, and by whoever sets up the bank's simulator.
import { createHmac } from "node:crypto"
import { SbpClient } from "@florist/bank/sbp-client"
import type { Surroundings } from "@florist/kit/app"
import { unavailable } from "@florist/kit/refusal"

const prefix = "MA"

export interface Merchant {
  /** "MA0000000017" */
  id: string
  secretKey: string
}

/** @param platformSecret FLORIST_SECRET */
export function merchantOf(platformSecret: string, shop: number): Merchant {
  const secretKey = createHmac("sha256", platformSecret).update(`sbp merchant ${shop}`).digest("hex")
  return { id: `${prefix}${String(shop).padStart(10, "0")}`, secretKey }
}

/** Undefined where it is no merchant of this platform. */
export function shopOfMerchant(merchantId: string): number | undefined {
  const digits = /^MA(\d{10})$/.exec(merchantId)?.[1]
  return digits === undefined || Number(digits) === 0 ? undefined : Number(digits)
}

/** @throws Refusal 503 where no bank was named. */
export function bankOf({ bankUrl, secret }: Pick<Surroundings, "bankUrl" | "secret">, shop: number): SbpClient {
  if (bankUrl === undefined) throw unavailable("The bank", "this copy was not told where it is (FLORIST_BANK)")
  const { id, secretKey } = merchantOf(secret, shop)
  return new SbpClient({ baseUrl: bankUrl, merchantId: id, secretKey, timeoutMs: 4_000 })
}
