// Report documents over HTTP: their types, asking for them, running them again, deleting them (published), and their results as JSON, CSV and xlsx (beyond the publication).
import type { Reader, Row } from "@florist/kit/database"
import { documentOut, pageMetaOut, resource, resourceIn, resourceOut } from "@florist/kit/document"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, noContent, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, forbidden, invalid, notFound } from "@florist/kit/refusal"
import { management } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { ask } from "../task.ts"
import {
  detailingOf,
  filtersOf,
  numberId,
  reportAttributes,
  reportChanges,
  reportOut,
  reportRelationChanges,
  reportRelations,
  reportResource,
  reportTypeOut,
  reportTypeResource,
  typeNumbered,
} from "./report.ts"
import { reportTypes } from "./report-type.ts"
import type { ReportFilter } from "./run.ts"
import { languages } from "./head.ts"
import { xlsxOf } from "./sheet-xlsx.ts"
import { csvOf, dialectNames, dialects } from "./sheet.ts"
import type { Sheet } from "./sheet.ts"

const tag = "Reports API"
const access = management
const one = documentOut(reportOut)
const byId = z.object({ id: numberId })
const sheetCell = z.union([z.string(), z.number(), z.null()])
const resultOut = resourceOut(
  "report-results",
  { columns: z.array(z.object({ name: z.string(), title: z.string(), kind: z.string() })), rows: z.array(z.array(sheetCell)) },
  {},
)
const columns = `id, report_type, title, format, to_char(period_start, 'YYYY-MM-DD') AS period_start, to_char(period_stop, 'YYYY-MM-DD') AS period_stop, stage, status,
  requested_at, processed_at, detailing, filters, stores, revision`

export const reportOperations: readonly Operation[] = [
  readOperation({
    id: "ListReportTypes",
    method: "GET",
    path: "/v1/report-types",
    tag,
    summary: "The kinds of reports that there are",
    access,
    answers: { 200: documentOut(z.array(reportTypeOut), pageMetaOut) },
    refuses: [],
    handle: async () =>
      ok({
        data: reportTypes.map(reportTypeResource),
        meta: {
          page: {
            number: 1,
            size: reportTypes.length,
          },
          total: reportTypes.length,
        },
      }),
  }),
  readOperation({
    id: "GetReportType",
    method: "GET",
    path: "/v1/report-types/{id}",
    tag,
    summary: "One kind of reports",
    access,
    params: byId,
    answers: { 200: documentOut(reportTypeOut) },
    refuses: [404],
    async handle({ params }) {
      const type = reportTypes.find(({ id }) => id === params.id)
      if (type === undefined) throw notFound(`report type ${params.id}`, { parameter: "id" })
      return ok({ data: reportTypeResource(type) })
    },
  }),
  readOperation({
    id: "ListReports",
    method: "GET",
    path: "/v1/reports",
    tag,
    summary: "Reports that were asked for, the newest first",
    access,
    query: z.object(pageQuery),
    answers: { 200: documentOut(z.array(reportOut), pageMetaOut) },
    refuses: [400, 422],
    async handle({ shop, session, query }) {
      const page = await list(shop, {
        from: "reports.report",
        columns,
        conditions: [where("shop_id = ?", shop.id), where("status <> ?", "deleted"), within(session)],
        order: {
          columns: [
            {
              name: "id",
              type: "integer",
            },
          ],
          direction: "DESC",
        },
        query,
      })
      return ok({
        data: page.rows.map(reportResource),
        meta: page.meta,
        links: pageLinks("/v1/reports", page),
      })
    },
  }),
  writeOperation({
    id: "CreateReport",
    method: "POST",
    path: "/v1/reports",
    tag,
    summary: "Ask for a report; it is made in the background",
    access,
    body: resourceIn("reports", reportAttributes, reportRelations),
    answers: { 201: one },
    refuses: [400, 422],
    async handle({ tx, session, body: { attributes, relationships }, now }) {
      const type = typeNumbered(relationships.reportType)
      const filters = filtersOf(type, relationships.filters ?? [])
      assertPeriod(attributes.periodStart, attributes.periodStop)
      assertStores(session, filters)
      const [row] = await tx.query(
        `INSERT INTO reports.report (shop_id, id, report_type, title, format, period_start, period_stop, stage, requested_at, detailing, filters, stores, created_by, revision)
         SELECT $1, (SELECT coalesce(max(id), 0) + 1 FROM reports.report WHERE shop_id = $1), $2, $3, $4, $5, $6, 'requested', $7, $8, $9, $10, $11, $12
         RETURNING ${columns}`,
        [
          tx.shop,
          type.id,
          attributes.title ?? type.title,
          attributes.format,
          attributes.periodStart,
          attributes.periodStop,
          now,
          detailingOf(type, relationships.detailing ?? []),
          JSON.stringify(filters),
          session.stores ?? null,
          session.worker,
          await tx.revision(),
        ],
      )
      return created({ data: reportResource(await asked(tx, row)) })
    },
  }),
  writeOperation({
    id: "DeleteReport",
    method: "DELETE",
    path: "/v1/reports",
    tag,
    summary: "Delete reports",
    access,
    body: z
      .object({
        data: z
          .array(
            z.object({
              type: z.string().optional(),
              id: numberId,
            }),
          )
          .min(1)
          .max(200),
      })
      .transform(({ data }) => data.map(({ id }) => id)),
    answers: { 204: null },
    refuses: [400, 404, 422],
    async handle({ tx, session, body }) {
      const revision = await tx.revision()
      for (const id of new Set(body)) {
        await reportOf(tx, tx.shop, session, id, "also deleted")
        await tx.query(
          "UPDATE reports.report SET status = 'deleted', result = NULL, revision = $3 WHERE shop_id = $1 AND id = $2 AND status <> 'deleted'",
          [tx.shop, id, revision],
        )
      }
      return noContent
    },
  }),
  readOperation({
    id: "GetReport",
    method: "GET",
    path: "/v1/reports/{id}",
    tag,
    summary: "One report, and how far it is",
    access,
    params: byId,
    answers: { 200: one },
    refuses: [404],
    handle: async ({ shop, session, params }) => ok({ data: reportResource(await reportOf(shop, shop.id, session, params.id)) }),
  }),
  writeOperation({
    id: "UpdateReport",
    method: "PATCH",
    path: "/v1/reports/{id}",
    tag,
    summary: "Change what is asked for; it is made again",
    access,
    params: byId,
    body: z
      .object({
        data: z.object({
          type: z.literal("reports").optional(),
          id: numberId.optional(),
          attributes: reportChanges,
          relationships: reportRelationChanges,
        }),
      })
      .transform(({ data }) => data),
    answers: { 200: one },
    refuses: [404, 409, 422],
    async handle({ tx, session, params: { id }, body: { attributes, relationships }, now }) {
      const revision = await tx.revision()
      const before = await reportOf(tx, tx.shop, session, id)
      if (attributes.revision !== undefined && attributes.revision !== Number(before.revision)) {
        throw conflict(
          `Report ${id} is at revision ${String(before.revision)}; read it again.`,
          { pointer: "/data/attributes/revision" },
          "stale-revision",
        )
      }
      const type = typeNumbered(relationships?.reportType ?? Number(before.report_type))
      const isOther = type.id !== Number(before.report_type)
      const filters =
        relationships?.filters === undefined ? (isOther ? [] : (before.filters as ReportFilter[])) : filtersOf(type, relationships.filters)
      const detailing =
        relationships?.detailing === undefined
          ? isOther
            ? []
            : (before.detailing as string[])
          : detailingOf(type, relationships.detailing)
      const [from, to] = [attributes.periodStart ?? String(before.period_start), attributes.periodStop ?? String(before.period_stop)]
      assertPeriod(from, to)
      assertStores(session, filters)
      const [row] = await tx.query(
        `UPDATE reports.report SET report_type = $3, title = $4, format = $5, period_start = $6, period_stop = $7, detailing = $8, filters = $9, stage = 'requested',
           requested_at = $10, result = NULL, run = run + 1, revision = $11 WHERE shop_id = $1 AND id = $2 RETURNING ${columns}`,
        [
          tx.shop,
          id,
          type.id,
          attributes.title ?? before.title,
          attributes.format ?? before.format,
          from,
          to,
          detailing,
          JSON.stringify(filters),
          now,
          revision,
        ],
      )
      return ok({ data: reportResource(await asked(tx, row)) })
    },
  }),
  writeOperation({
    id: "RerunReport",
    method: "POST",
    path: "/v1/reports/{id}",
    tag,
    summary: "Make a report again, from the figures of now",
    access,
    params: byId,
    answers: { 200: one },
    refuses: [404],
    async handle({ tx, session, params: { id }, now }) {
      const revision = await tx.revision()
      await reportOf(tx, tx.shop, session, id)
      const [row] = await tx.query(
        `UPDATE reports.report SET stage = 'requested', requested_at = $3, result = NULL, run = run + 1, revision = $4 WHERE shop_id = $1 AND id = $2 RETURNING ${columns}`,
        [tx.shop, id, now, revision],
      )
      return ok({ data: reportResource(await asked(tx, row)) })
    },
  }),
  readOperation({
    id: "GetReportResult",
    method: "GET",
    path: "/v1/reports/{id}/result",
    tag,
    summary: "What a report found, as JSON",
    access,
    params: byId,
    answers: { 200: documentOut(resultOut) },
    refuses: [404, 409],
    async handle({ shop, session, params: { id } }) {
      const { columns: titles, rows } = await resultOf(shop, shop.id, session, id)
      return ok({
        data: resource("report-results", String(id), {
          columns: titles,
          rows,
        }),
      })
    },
  }),
  readOperation({
    id: "GetReportResultCsv",
    method: "GET",
    path: "/v1/reports/{id}/result.csv",
    tag,
    summary: "What a report found, as CSV",
    access,
    params: byId,
    query: z.object({
      dialect: z
        .enum(dialectNames)
        .default("excel")
        .describe("excel: semicolons, decimal commas and a byte order mark; standard: RFC 4180."),
    }),
    answers: { 200: z.string() },
    refuses: [404, 409, 422],
    async handle({ shop, session, params: { id }, query: { dialect } }) {
      const content = csvOf(await resultOf(shop, shop.id, session, id), dialects[dialect])
      return { status: 200, body: Buffer.from(content), headers: fileHeaders(id, "csv") }
    },
  }),
  readOperation({
    id: "GetReportResultXlsx",
    method: "GET",
    path: "/v1/reports/{id}/result.xlsx",
    tag,
    summary: "What a report found, as an xlsx workbook",
    access,
    params: byId,
    query: z.object({ language: z.enum(languages).default("ru").describe("Of the heads.") }),
    answers: { 200: z.string() },
    refuses: [404, 409, 422],
    async handle({ shop, session, params: { id }, query: { language } }) {
      const content = await xlsxOf(await resultOf(shop, shop.id, session, id), language)
      return { status: 200, body: content, headers: fileHeaders(id, "xlsx") }
    },
  }),
]

const contentTypes = {
  csv: "text/csv; charset=utf-8",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

const fileHeaders = (id: number, format: keyof typeof contentTypes) => ({
  "content-type": contentTypes[format],
  "content-disposition": `attachment; filename="report-${id}.${format}"`,
})

async function asked(tx: Transaction, row: Row | undefined): Promise<Row> {
  if (row === undefined) throw new Error("The report was not written.")
  await ask(tx, tx.shop, "report", String(row.id))
  return row
}

/** Reports that were asked for by whoever works in fewer stores hold those stores only, so all of them may be seen by whoever works in all of them. */
const within = (session: Session) => (session.stores === undefined ? undefined : where("stores <@ ?::uuid[]", session.stores))

/** @throws Refusal 404 */
async function reportOf(
  reader: Reader,
  shop: number,
  session: Session,
  id: number,
  which: "there" | "also deleted" = "there",
): Promise<Row> {
  const [row] = await reader.query(
    `SELECT ${columns}, result FROM reports.report WHERE shop_id = $1 AND id = $2 AND ($3::uuid[] IS NULL OR stores <@ $3::uuid[])`,
    [shop, id, session.stores ?? null],
  )
  if (row === undefined || (which === "there" && row.status === "deleted")) throw notFound(`report ${id}`, { parameter: "id" })
  return row
}

/** @throws Refusal 404, 409 where it is not made yet */
async function resultOf(reader: Reader, shop: number, session: Session, id: number): Promise<Sheet> {
  const row = await reportOf(reader, shop, session, id)
  if (row.result !== null) return row.result as Sheet
  throw conflict(`Report ${id} is ${String(row.stage)}; ask again when its stage is "prepared".`, { parameter: "id" }, "not-prepared")
}

const mostDays = 3_660

function assertPeriod(from: string, to: string): void {
  const pointer = "/data/attributes/periodStop"
  if (to < from) throw invalid("periodStop lies before periodStart.", { pointer })
  if ((Date.parse(to) - Date.parse(from)) / 86_400_000 >= mostDays) throw invalid(`A period has at most ${mostDays} days.`, { pointer })
}

function assertStores(session: Session, filters: readonly ReportFilter[]): void {
  const outside = filters.find(({ kind }) => kind === "store")?.values.find((store) => session.stores?.includes(store) === false)
  if (outside !== undefined) throw forbidden(`This session does not work in store ${outside}.`)
}
