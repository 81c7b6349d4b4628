// Gift cards: a code with a balance. Shapes, resource, and what moves the balance. Called by their operations and by payments.
import { z } from "zod"
import type { Reader, Row } from "@florist/kit/database"
import { moment, resource, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { invalid } from "@florist/kit/refusal"
import { roublesOut, toRoubles } from "@florist/kit/money"
import type { Transaction } from "@florist/kit/transaction"
import { unlessTaken } from "./id-taken.ts"

export const giftCardType = "gift-cards"

export const giftCardColumns = ["shop_id", "id", "code", "face", "balance", "expires_at", "issued_at", "issued_by", "revision"]

export const giftCardOut = resourceOut(
  giftCardType,
  {
    code: z.string(),
    amount: roublesOut,
    balance: roublesOut,
    issuedAt: z.string().nullable(),
    expiresAt: z.string().nullable(),
    revision: z.int(),
  },
  {},
)

/** Whoever knows a code can pay with it: it is shown to who runs the shop, and to who has it. */
export type Code = "shown" | "covered"

export function giftCardResource(row: Row, code: Code): Resource {
  return resource(giftCardType, String(row.id), {
    code: code === "shown" ? String(row.code) : String(row.code).replaceAll(/.(?=.{4})/g, "*"),
    amount: toRoubles(Number(row.face)),
    balance: toRoubles(Number(row.balance)),
    issuedAt: moment(row.issued_at),
    expiresAt: moment(row.expires_at),
    revision: Number(row.revision),
  })
}

/** Which card is meant. */
export type CardKey = { id: string } | { code: string }

/** The paper says it with spaces and small letters as it likes. */
export const normalCode = (code: string): string => code.replaceAll(/[\s-]/g, "").toUpperCase()

export async function findGiftCard(reader: Reader, key: CardKey): Promise<Row | undefined> {
  const [row] = await reader.query(
    `SELECT ${giftCardColumns.join(", ")} FROM payments.gift_card WHERE ${"id" in key ? "id = $1" : "code = $1"}`,
    ["id" in key ? key.id : normalCode(key.code)],
  )
  return row
}

/** Pays with a card. Whether it has expired is a question of now: a client that says it was paid earlier revives none. @returns the card's id. @throws Refusal 422 for an unknown or expired card, and for one without enough on it. */
export async function spendGiftCard(
  tx: Transaction,
  key: CardKey,
  document: { id: string; amount: number; at: Date },
  now: Date,
): Promise<string> {
  const source = "id" in key ? "/data/relationships/giftCard/data/id" : "/data/attributes/giftCardCode"
  const card = await findGiftCard(tx, key)
  if (card === undefined) throw invalid("There is no such gift card; look at its code again.", { pointer: source }, "no-gift-card")
  const id = String(card.id)
  const [left] = await tx.query(
    `UPDATE payments.gift_card SET balance = balance - $2 WHERE id = $1 AND balance >= $2 AND (expires_at IS NULL OR expires_at > $3) RETURNING balance`,
    [id, document.amount, now],
  )
  if (left === undefined) {
    const isExpired = card.expires_at instanceof Date && card.expires_at <= now
    if (isExpired) throw invalid("The gift card has expired.", { pointer: source }, "gift-card-expired")
    const balance = toRoubles(Number(card.balance))
    throw invalid(
      `${balance} roubles are on the gift card; pay the rest otherwise.`,
      { pointer: "/data/attributes/amount" },
      "gift-card-balance",
    )
  }
  await addEntry(tx, id, { ...document, amount: -document.amount })
  return id
}

/** Gives back what a payment took. */
export async function restoreGiftCard(tx: Transaction, id: string, document: { id: string; amount: number; at: Date }): Promise<void> {
  await tx.query("UPDATE payments.gift_card SET balance = balance + $2 WHERE id = $1", [id, document.amount])
  await addEntry(tx, id, document)
}

export async function addEntry(tx: Transaction, card: string, { id, amount, at }: { id: string; amount: number; at: Date }): Promise<void> {
  const inserted = tx.query(
    "INSERT INTO payments.gift_card_entry (shop_id, id, card_id, amount, occurred_at) VALUES ($1, $2, $3, $4, $5)",
    [tx.shop, id, card, amount, at],
  )
  await unlessTaken(id, inserted)
}
