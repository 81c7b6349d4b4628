// What changed in bonus groups, and who came into one by spending.
import { documentOut, moment, pageMetaOut, reference, resource, resourceOut } from "@florist/kit/document"
import { list, pageLinks, pageQuery } from "@florist/kit/listing"
import { readOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { management } from "@florist/kit/role"
import { z } from "zod"

const changeOut = resourceOut(
  "bonus-group-changes-history",
  {
    createdAt: z.string(),
    operationType: z.enum(["create", "update", "delete"]),
    field: z.string().nullable(),
    oldValue: z.string().nullable(),
    newValue: z.string().nullable(),
  },
  { bonusGroup: z.object({}), customer: z.object({}) },
)

export const groupHistoryOperations = (): Operation[] => [
  readOperation({
    id: "GetBonusGroupChangesHistory",
    method: "GET",
    path: "/v1/bonus-group-changes-history",
    tag: "Bonus group API",
    summary: "List the changes of bonus groups, oldest first",
    access: management,
    query: z.object(pageQuery),
    answers: { 200: documentOut(z.array(changeOut), pageMetaOut) },
    refuses: [400],
    async handle({ shop, query }) {
      const page = await list(shop, {
        from: "loyalty.bonus_group_change",
        columns: "id, group_id::text, customer_id::text, operation, field, old_value, new_value, created_at",
        conditions: [],
        order: { columns: [{ name: "id", type: "bigint" }], direction: "ASC" },
        query,
      })
      const data = page.rows.map((row) =>
        resource(
          "bonus-group-changes-history",
          String(row.id),
          {
            createdAt: moment(row.created_at),
            operationType: row.operation,
            field: row.field,
            oldValue: row.old_value,
            newValue: row.new_value,
          },
          { bonusGroup: reference("bonus-groups", row.group_id), customer: reference("customers", row.customer_id) },
        ),
      )
      return { status: 200, body: { data, meta: page.meta, links: pageLinks("/v1/bonus-group-changes-history", page) } }
    },
  }),
]
