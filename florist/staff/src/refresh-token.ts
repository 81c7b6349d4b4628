// Refresh tokens and the one rule for using them. A token names its shop and its session, and carries a secret of 256 random bits; the session keeps
// hashes of its current secret and of the one before.
//
// The rule: the current token gives a successor. The one before gives the same successor again for a short while, as long as that was not used itself: the
// answer was lost, or two windows asked at once. Any other token of the session was used before, or guessed: the session ends. Pure; called by sessions.
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto"

export interface RefreshToken {
  shop: number
  session: string
  secret: Buffer
}

/** What a session keeps of its tokens. */
export interface Rotation {
  tokenHash: Buffer
  previousHash: Buffer | null
  /** The current secret, readable with the previous one alone. */
  successorSealed: Buffer | null
  rotatedAt: Date
}

export type Use =
  | { outcome: "rotated"; secret: Buffer; next: Rotation }
  | { outcome: "given-again"; secret: Buffer }
  | { outcome: "reused" }

export const graceMs = 30_000
const secretBytes = 32

const shape = /^([1-9]\d{0,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{43})$/

/** @returns undefined for what cannot be a token. */
export function parseToken(text: string): RefreshToken | undefined {
  const [, shop, session = "", secret = ""] = shape.exec(text) ?? []
  return shop === undefined ? undefined : { shop: Number(shop), session, secret: Buffer.from(secret, "base64url") }
}

export const tokenText = ({ shop, session, secret }: RefreshToken): string => `${shop}.${session}.${secret.toString("base64url")}`

export function firstRotation(now: Date): { secret: Buffer; rotation: Rotation } {
  const secret = randomBytes(secretBytes)
  return { secret, rotation: { tokenHash: hashOf(secret), previousHash: null, successorSealed: null, rotatedAt: now } }
}

export function useToken(kept: Rotation, secret: Buffer, now: Date): Use {
  const hash = hashOf(secret)
  if (timingSafeEqual(hash, kept.tokenHash)) {
    const successor = randomBytes(secretBytes)
    const next = { tokenHash: hashOf(successor), previousHash: hash, successorSealed: sealed(successor, secret), rotatedAt: now }
    return { outcome: "rotated", secret: successor, next }
  }
  const { previousHash, successorSealed, rotatedAt } = kept
  const isPrevious = previousHash !== null && timingSafeEqual(hash, previousHash)
  if (isPrevious && successorSealed !== null && now.getTime() - rotatedAt.getTime() <= graceMs) {
    return { outcome: "given-again", secret: sealed(successorSealed, secret) }
  }
  return { outcome: "reused" }
}

const hashOf = (secret: Buffer) => createHash("sha256").update(secret).digest()

/** A pad that only the holder of the secret can make, used for one successor alone: sealing and opening are the same. */
function sealed(value: Buffer, secret: Buffer): Buffer {
  const pad = createHmac("sha256", secret).update("successor").digest()
  return Buffer.from(value.map((byte, n) => byte ^ (pad[n] ?? 0)))
}
