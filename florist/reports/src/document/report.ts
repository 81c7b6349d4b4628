// A report document: what was asked for, and how far it is. Types, what comes in, and the row as a resource.
import type { Row } from "@florist/kit/database"
import { manyOut, moment, oneOut, referencesTo, resource, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { day, title } from "@florist/kit/input"
import { invalid } from "@florist/kit/refusal"
import { newId } from "@florist/kit/id"
import { z } from "zod"
import { details, filterKinds, reportTypes } from "./report-type.ts"
import type { Detail, FilterKind, ReportType } from "./report-type.ts"
import type { ReportFilter } from "./run.ts"

const formats = ["xlsx", "pdf"] as const
const time = z.string().nullable()

export const reportTypeOut = resourceOut(
  "report-types",
  { active: z.boolean(), color: z.string().nullable(), description: z.string(), title: z.string(), typeName: z.string() },
  {},
)

export const reportTypeResource = ({ id, typeName, title: name, description }: ReportType): Resource =>
  resource("report-types", String(id), { typeName, title: name, description, active: true, color: null })

export const reportOut = resourceOut(
  "reports",
  {
    title: z.string(),
    status: z.string(),
    stage: z.string(),
    frequency: z.string(),
    format: z.enum(formats),
    requestDate: time,
    period: z.string(),
    periodStart: z.string(),
    periodStop: z.string(),
    processDate: time,
    email: z.string().nullable(),
    downloadable: z.boolean(),
    revision: z.int(),
  },
  { reportType: oneOut, detailing: manyOut, filters: manyOut },
)

/** A whole number as the published examples send it: 9 or "9". */
export const numberId = z.union([z.string().regex(/^[1-9]\d{0,8}$/, "must be a number"), z.int().min(1).max(999_999_999)]).transform(Number)

const toNumber = z.object({ data: z.object({ type: z.string().optional(), id: numberId }) }).transform(({ data }) => data.id)
const reference = z.object({ type: z.string().optional(), id: z.string().max(100) })
const toNames = z.object({ data: z.array(reference).max(20) }).transform(({ data }) => data.map(({ id }) => id))
const filtersIn = z
  .object({
    data: z
      .array(
        z.object({
          type: z.string().optional(),
          attributes: z.object({ values: z.array(z.string().max(60)).min(1).max(200) }),
          relationships: z.object({ filterType: z.object({ data: reference }) }),
        }),
      )
      .max(20),
  })
  .transform(({ data }) =>
    data.map(({ attributes, relationships }) => ({ name: relationships.filterType.data.id, values: attributes.values })),
  )

export const reportAttributes = z.object({
  title: title().optional(),
  format: z.enum(formats).default("xlsx"),
  periodStart: day,
  periodStop: day,
})
export const reportRelations = z.object({ reportType: toNumber, detailing: toNames.optional(), filters: filtersIn.optional() })
export const reportChanges = z.object({
  title: title().optional(),
  format: z.enum(formats).optional(),
  periodStart: day.optional(),
  periodStop: day.optional(),
  revision: z.int().optional(),
})
export const reportRelationChanges = z
  .object({ reportType: toNumber.optional(), detailing: toNames.optional(), filters: filtersIn.optional() })
  .optional()

/** @throws Refusal 422 */
export function typeNumbered(id: number): ReportType {
  const type = reportTypes.find((each) => each.id === id)
  if (type !== undefined) return type
  throw invalid(`There is no report type ${id}; GET /v1/report-types lists them.`, { pointer: "/data/relationships/reportType/data/id" })
}

/** "Sales-category" is the detail "category" of the type "Sales". @throws Refusal 422 for what the type cannot be split by */
export function detailingOf(type: ReportType, names: readonly string[]): Detail[] {
  return names.map((name, index) => {
    const found = details.find((detail) => name === `${type.typeName}-${detail}` && type.detailing.includes(detail))
    if (found !== undefined) return found
    throw invalid(`${type.typeName} cannot be split by "${name}"; it takes: ${offered(type, type.detailing)}.`, {
      pointer: `/data/relationships/detailing/data/${index}/id`,
    })
  })
}

/** @throws Refusal 422 for what the type cannot be narrowed to */
export function filtersOf(type: ReportType, given: readonly { name: string; values: string[] }[]): ReportFilter[] {
  return given.map(({ name, values }, index) => {
    const kind = filterKinds.find((each) => name === `${type.typeName}-${each}` && type.filters.includes(each))
    const pointer = `/data/relationships/filters/data/${index}`
    if (kind === undefined) {
      throw invalid(`${type.typeName} has no filter "${name}"; it takes: ${offered(type, type.filters)}.`, {
        pointer: `${pointer}/relationships/filterType/data/id`,
      })
    }
    const wrong = values.find((value) => !z.uuid().safeParse(value).success)
    if (wrong !== undefined) throw invalid(`"${wrong}" is no id.`, { pointer: `${pointer}/attributes/values` })
    return { id: newId(), kind, values: values.map((value) => value.toLowerCase()) }
  })
}

const offered = ({ typeName }: ReportType, names: readonly (Detail | FilterKind)[]): string =>
  names.length === 0 ? "nothing" : names.map((name) => `${typeName}-${name}`).join(", ")

export function reportResource(row: Row): Resource {
  const type = reportTypes.find(({ id }) => id === row.report_type)?.typeName ?? ""
  const attributes = {
    title: row.title,
    status: row.status,
    stage: row.stage,
    frequency: "onetime",
    format: row.format,
    requestDate: moment(row.requested_at),
    period: "custom",
    periodStart: row.period_start,
    periodStop: row.period_stop,
    processDate: moment(row.processed_at),
    email: null,
    downloadable: row.stage === "prepared",
    revision: Number(row.revision),
  }
  return resource("reports", String(row.id), attributes, {
    reportType: { data: { type: "report-types", id: String(row.report_type) } },
    detailing: referencesTo(
      "report-detailing",
      (row.detailing as string[]).map((detail) => `${type}-${detail}`),
    ),
    filters: referencesTo(
      "report-filters",
      (row.filters as ReportFilter[]).map(({ id }) => id),
    ),
  })
}
