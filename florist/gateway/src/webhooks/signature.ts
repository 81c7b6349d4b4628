// How a receiver knows that a delivery is ours and fresh: HMAC-SHA256 over the moment and the body, as "t=<seconds>,v1=<hex>".
import { createHmac, timingSafeEqual } from "node:crypto"

export const signatureHeader = "florist-signature"

export function sign(secret: string, body: string, at: Date): string {
  const seconds = Math.floor(at.getTime() / 1_000)
  return `t=${seconds},v1=${hmac(secret, seconds, body)}`
}

/** For receivers, and for our tests. False for another body, another secret, or a moment further away than `withinS` seconds. */
export function isSigned(secret: string, body: string, signature: string, { now, withinS }: { now: Date; withinS: number }): boolean {
  const [, seconds = "", given = ""] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature) ?? []
  if (given === "" || Math.abs(now.getTime() / 1_000 - Number(seconds)) > withinS) return false
  return timingSafeEqual(Buffer.from(given), Buffer.from(hmac(secret, Number(seconds), body)))
}

const hmac = (secret: string, seconds: number, body: string) => createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")
