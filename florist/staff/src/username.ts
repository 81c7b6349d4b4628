// User names belong to the whole platform: the directory says which shop each one is of. A name is claimed and released under a lock of the shop's
// own database, so that the directory and the shop's accounts cannot disagree for longer than one failure; a name that is claimed by nobody's account can be
// claimed again by the same shop. Called by sign-in, accounts and whoever opens a shop.
import { conflict } from "@florist/kit/refusal"
import type { Reader } from "@florist/kit/database"
import type { OpenShop } from "@florist/kit/fleet"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"

const allowed = /^[a-z0-9а-яё._@+-]{1,100}$/

/** As a person types it: case and outer blanks do not matter. */
export const username = z
  .string()
  .max(200)
  .transform((text) => text.normalize("NFKC").trim().toLowerCase())
  .refine((text) => allowed.test(text), "must be 1 to 100 letters, digits and ._@+-")

export async function shopOfUsername(directory: Reader, name: string): Promise<number | undefined> {
  const [row] = await directory.query("SELECT shop_id FROM directory.login WHERE username = $1", [name])
  return row === undefined ? undefined : Number(row.shop_id)
}

/** In the transaction that writes the account. @throws Refusal 409 where another shop or another account has it. */
export async function claimUsername(
  directory: Reader,
  tx: Transaction,
  { name, account, pointer }: { name: string; account: string; pointer: string },
) {
  await lock(tx, name)
  const [other] = await tx.query("SELECT id FROM staff.account WHERE shop_id = $1 AND username = $2 AND id <> $3", [tx.shop, name, account])
  if (other !== undefined) throw taken(name, pointer)
  const [row] = await directory.query(
    `INSERT INTO directory.login (username, shop_id) VALUES ($1, $2)
     ON CONFLICT (username) DO UPDATE SET shop_id = login.shop_id RETURNING shop_id`,
    [name, tx.shop],
  )
  if (Number(row?.shop_id) !== tx.shop) throw taken(name, pointer)
}

/** Gives a name back that no account of the shop has (any more). */
export function releaseUsername(directory: Reader, shop: OpenShop, name: string): Promise<void> {
  return shop.write(async (tx) => {
    await lock(tx, name)
    const [account] = await tx.query("SELECT id FROM staff.account WHERE shop_id = $1 AND username = $2", [tx.shop, name])
    if (account === undefined) await directory.query("DELETE FROM directory.login WHERE username = $1 AND shop_id = $2", [name, tx.shop])
  })
}

const lock = (tx: Transaction, name: string) =>
  tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, $2))", [`staff:${name}`, tx.shop])

const taken = (name: string, pointer: string) =>
  conflict(`The user name "${name}" is taken; choose another.`, { pointer }, "username-taken")
