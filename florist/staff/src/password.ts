// Passwords as they are kept: scrypt with a salt for each and the cost beside, so that the cost can grow later. Called by sign-in, accounts and
// whoever opens a shop.
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto"
import type { ScryptOptions } from "node:crypto"
import { text } from "@florist/kit/input"
import { z } from "zod"

const cost = z.object({ N: z.number().int(), r: z.number().int(), p: z.number().int() })

export interface KeptPassword {
  hash: Buffer
  salt: Buffer
  cost: z.output<typeof cost>
}

/** What a person may choose. */
export const newPassword = text(200).min(8, "must have at least 8 characters")
/** What a person may try. */
export const triedPassword = z.string().max(1_000)

/** 16 MiB and about 50 ms of one core. */
const currentCost = { N: 2 ** 14, r: 8, p: 1 }
const hashBytes = 32

export async function keepPassword(password: string): Promise<KeptPassword> {
  const salt = randomBytes(16)
  return { hash: await derived(password, salt, currentCost), salt, cost: currentCost }
}

export async function isPassword(password: string, kept: KeptPassword): Promise<boolean> {
  return timingSafeEqual(await derived(password, kept.salt, kept.cost), kept.hash)
}

const nobodys: KeptPassword = { hash: randomBytes(hashBytes), salt: randomBytes(16), cost: currentCost }

/** Takes as long as a wrong password does, so that nobody learns which user names there are. */
export async function refuseAsLong(password: string): Promise<false> {
  await isPassword(password, nobodys)
  return false
}

export function keptPassword(row: Readonly<Record<string, unknown>>): KeptPassword {
  return { hash: row.password_hash as Buffer, salt: row.password_salt as Buffer, cost: cost.parse(row.password_cost) }
}

function derived(password: string, salt: Buffer, { N, r, p }: Pick<ScryptOptions, "N" | "r" | "p">): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: 256 * (N ?? 1) * (r ?? 1) } as ScryptOptions
    // The same letters typed on another keyboard are the same password.
    scrypt(password.normalize("NFKC"), salt, hashBytes, options, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}
