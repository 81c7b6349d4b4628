// Issuing gift cards and looking at their balances. Paying by them is a payment like any other.
import { randomInt } from "node:crypto"
import { z } from "zod"
import { isDuplicate } from "@florist/kit/database"
import { documentOut, pageMetaOut, resourceIn } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { instant, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { positiveRoubles } from "@florist/kit/money"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, notFound } from "@florist/kit/refusal"
import { management, selling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import { addEntry, findGiftCard, giftCardColumns, giftCardOut, giftCardResource, giftCardType, normalCode } from "./gift-card.ts"
import type { Code } from "./gift-card.ts"
import { giftCards, giftCardsIssued, moved, record } from "./journal.ts"

const tag = "Gift cards"
const one = documentOut(giftCardOut)
const columns = giftCardColumns.slice(1).join(", ")
const code = z
  .string()
  .max(40)
  .regex(/^[A-Za-z0-9 -]{6,40}$/, "holds 6 to 40 letters, digits, spaces and hyphens")
  .transform(normalCode)

export const giftCardOperations: readonly Operation[] = [
  readOperation({
    id: "listGiftCards",
    method: "GET",
    path: "/v1/gift-cards",
    tag,
    summary: "List gift cards, or find one by its code",
    access: selling,
    query: z.object({ ...pageQuery, "filter[code]": code.optional() }),
    answers: { 200: documentOut(z.array(giftCardOut), pageMetaOut) },
    refuses: [400],
    async handle({ shop, query, session }) {
      const page = await list(shop, {
        from: "payments.gift_card",
        columns,
        conditions: [where("code = ?", query["filter[code]"])],
        order: {
          columns: [
            { name: "issued_at", type: "timestamptz" },
            { name: "id", type: "uuid" },
          ],
          direction: "DESC",
        },
        query,
      })
      const shown = query["filter[code]"] === undefined ? codeFor(session) : "shown"
      const data = page.rows.map((row) => giftCardResource(row, shown))
      return ok({ data, meta: page.meta, links: pageLinks("/v1/gift-cards", page) })
    },
  }),

  readOperation({
    id: "getGiftCard",
    method: "GET",
    path: "/v1/gift-cards/{id}",
    tag,
    summary: "A gift card and what is on it",
    access: selling,
    params: z.object({ id: uuid }),
    answers: { 200: one },
    refuses: [404],
    async handle({ shop, params, session }) {
      const card = await findGiftCard(shop, { id: params.id })
      if (card === undefined) throw notFound(`gift card ${params.id}`, { parameter: "id" })
      return ok({ data: giftCardResource(card, codeFor(session)) })
    },
  }),

  writeOperation({
    id: "issueGiftCard",
    method: "POST",
    path: "/v1/gift-cards",
    tag,
    summary: "Issue a gift card; what is paid for it is an order's line like any other",
    access: management,
    body: resourceIn(
      giftCardType,
      z.object({ amount: positiveRoubles, code: code.optional(), issuedAt: instant.optional(), expiresAt: instant.nullish() }),
      z.object({}).optional(),
    ),
    answers: { 201: one },
    refuses: [400, 409, 422],
    async handle({ tx, body, session, now }) {
      const id = body.id ?? newId()
      const { amount, code: given, issuedAt = now, expiresAt = null } = body.attributes
      const known = await findGiftCard(tx, { id })
      if (known !== undefined) {
        if (Number(known.face) === amount && (given === undefined || known.code === given))
          return created({ data: giftCardResource(known, "shown") })
        throw conflict("There is another gift card with this id.", { pointer: "/data/id" })
      }
      await tx
        .query(`INSERT INTO payments.gift_card (${giftCardColumns.join(", ")}) VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)`, [
          tx.shop,
          id,
          given ?? madeCode(),
          amount,
          expiresAt,
          issuedAt,
          session.worker,
          await tx.revision(),
        ])
        .catch((cause: unknown) => {
          throw isDuplicate(cause)
            ? conflict("There is a gift card with this code.", { pointer: "/data/attributes/code" }, "code-taken")
            : cause
        })
      await addEntry(tx, id, { id, amount, at: issuedAt })
      await record(tx, { id, occurredAt: issuedAt, lines: moved(amount, giftCards, giftCardsIssued) })
      const card = await findGiftCard(tx, { id })
      if (card === undefined) throw new Error(`gift card ${id} was stored and cannot be found`)
      return created({ data: giftCardResource(card, "shown") })
    },
  }),
]

const codeFor = ({ role }: Session): Code => (management.includes(role) ? "shown" : "covered")

/** Without letters and digits that look alike. 16 of 31 signs cannot be guessed. */
const signs = "23456789ABCDEFGHJKLMNPQRSTUVWXY"
const madeCode = () => Array.from({ length: 16 }, () => signs[randomInt(signs.length)] ?? "2").join("")
