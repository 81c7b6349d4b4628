// The journal, for whoever keeps the books: lines, and what each account holds.
import { z } from "zod"
import { documentOut, moment, pageMetaOut, resource, resourceOut } from "@florist/kit/document"
import { instant, text } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { roublesOut, toRoubles } from "@florist/kit/money"
import { ok, readOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { management } from "@florist/kit/role"

export const journalColumns = ["shop_id", "transaction_id", "line", "account", "currency", "amount", "occurred_at"]

const lineOut = resourceOut(
  "journal-lines",
  { transaction: z.string(), account: z.string(), currency: z.string(), amount: roublesOut, occurredAt: z.string().nullable() },
  {},
)

export const journalOperations: readonly Operation[] = [
  readOperation({
    id: "listJournal",
    method: "GET",
    path: "/v1/journal",
    tag: "Journal",
    summary: "Lines of the journal, the newest first; those of one transaction sum to nothing",
    access: management,
    query: z.object({
      ...pageQuery,
      "filter[account]": text(100).optional(),
      "filter[from]": instant.optional(),
      "filter[to]": instant.optional(),
    }),
    answers: { 200: documentOut(z.array(lineOut), pageMetaOut) },
    refuses: [400],
    async handle({ shop, query }) {
      const page = await list(shop, {
        from: "payments.journal_line",
        columns: journalColumns.slice(1).join(", "),
        conditions: [
          where("account = ?", query["filter[account]"]),
          where("occurred_at >= ?", query["filter[from]"]),
          where("occurred_at <= ?", query["filter[to]"]),
        ],
        order: {
          columns: [
            { name: "occurred_at", type: "timestamptz" },
            { name: "transaction_id", type: "uuid" },
            { name: "line", type: "smallint" },
          ],
          direction: "DESC",
        },
        query,
      })
      const data = page.rows.map((row) =>
        resource("journal-lines", `${String(row.transaction_id)}-${String(row.line)}`, {
          transaction: row.transaction_id,
          account: row.account,
          currency: row.currency,
          amount: toRoubles(Number(row.amount)),
          occurredAt: moment(row.occurred_at),
        }),
      )
      return ok({ data, meta: page.meta, links: pageLinks("/v1/journal", page) })
    },
  }),
]
