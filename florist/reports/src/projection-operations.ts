// Operations on the projections themselves, beyond the publication: how fresh they are, and building them anew.
import { documentOut, moment, resource, resourceOut } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import type { Resource } from "@florist/kit/document"
import { ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { management } from "@florist/kit/role"
import { z } from "zod"
import { ask } from "./task.ts"

const time = z.string().nullable()
const projectionOut = documentOut(
  resourceOut(
    "projections",
    { calculatedAt: time, rebuiltAt: time, rebuiltFacts: z.int().nullable(), rebuild: z.enum(["none", "requested"]) },
    {},
  ),
)

const select = `
  SELECT p.calculated_at, p.rebuilt_at, p.rebuilt_facts, t.subject AS task
  FROM (SELECT $1::bigint AS shop_id) asked LEFT JOIN reports.projection p USING (shop_id)
  LEFT JOIN reports.task t ON t.shop_id = asked.shop_id AND t.kind = 'rebuild'`

function projectionResource(row: Row | undefined): Resource {
  return resource("projections", "current", {
    calculatedAt: moment(row?.calculated_at),
    rebuiltAt: moment(row?.rebuilt_at),
    rebuiltFacts: typeof row?.rebuilt_facts === "string" ? Number(row.rebuilt_facts) : null,
    rebuild: typeof row?.task === "string" ? "requested" : "none",
  })
}

export const projectionOperations: readonly Operation[] = [
  readOperation({
    id: "GetProjection",
    method: "GET",
    path: "/v1/projections/current",
    tag: "Projections",
    summary: "How fresh the figures are, and when they were built anew",
    access: management,
    answers: { 200: projectionOut },
    refuses: [],
    async handle({ shop }) {
      const [row] = await shop.query(select, [shop.id])
      return ok({ data: projectionResource(row) })
    },
  }),
  writeOperation({
    id: "RebuildProjection",
    method: "POST",
    path: "/v1/projections/current/rebuild",
    tag: "Projections",
    summary: "Build all figures anew from the log; the old ones are read until then",
    access: ["owner"],
    answers: { 202: projectionOut },
    refuses: [],
    async handle({ tx }) {
      await ask(tx, tx.shop, "rebuild", "")
      const [row] = await tx.query(select, [tx.shop])
      return { status: 202, body: { data: projectionResource(row) } }
    },
  }),
]
