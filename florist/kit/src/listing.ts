// Lists as the published API has them: page[number] and page[size], filters as conditions, a total. Whatever the size of a shop, a page costs the same: the total is
// counted up to a bound, and pages far behind are asked for by the last row that was seen (page[after]). Called by every list operation.
import { z } from "zod"
import type { Reader, Row } from "./database.ts"
import { invalid } from "./refusal.ts"

const deepest = 10_000

export const pageQuery = {
  "page[number]": z.coerce.number().int().min(1).max(1_000_000).optional(),
  "page[size]": z.coerce.number().int().min(1).max(200).optional(),
  /** Our extension: `links.next` of the page before carries it. */
  "page[after]": z.string().max(300).optional(),
}

interface PageQuery {
  "page[number]"?: number | undefined
  "page[size]"?: number | undefined
  "page[after]"?: string | undefined
}

/** SQL with $1, $2 ... of its own; each condition's values follow those before it. */
export interface Condition {
  sql: string
  values: readonly unknown[]
}

/** `where("store_id = ?", id)`; nothing where the value is undefined, so that filters can be listed as they are. */
export function where(sql: string, ...values: readonly unknown[]): Condition | undefined {
  return values.some((value) => value === undefined) ? undefined : { sql, values }
}

export interface Listing {
  /** Schema and table, or a join of tables of one service: "orders.sale_order". Row-level security adds the shop; name it all the same where an index starts with it. */
  from: string
  columns: string
  conditions: readonly (Condition | undefined)[]
  /** Columns that together are unique and NOT NULL, all in one direction, with their types for the cursor. An index should carry them. */
  order: { columns: readonly { name: string; type: string }[]; direction: "ASC" | "DESC" }
  query: PageQuery
  /** Rows of a page where the client does not say. */
  size?: number
}

export interface Page {
  rows: Row[]
  meta: { page: { number: number; size: number }; total: number; totalIsAtLeast?: true }
  /** For links.next: the value of page[after], or null on the last page. */
  after: string | null
}

/** @throws Refusal 422 for a page beyond the bound or a cursor that cannot be read. */
export async function list(reader: Reader, { from, columns, conditions, order, query, size: standard = 20 }: Listing): Promise<Page> {
  const size = query["page[size]"] ?? standard
  const number = query["page[number]"] ?? 1
  if (number * size > deepest + size) throw tooDeep(size)
  const given = conditions.filter((condition) => condition !== undefined)
  const filter = combined(given)
  const cursor = query["page[after]"]
  const continued = cursor === undefined ? filter : combined([...given, beyond(order, cursor)])
  const by = order.columns.map(({ name }) => `${name} ${order.direction}`).join(", ")
  const marks = order.columns.map(({ name }, index) => `(${name})::text AS after_${index}`).join(", ")
  const [rows, [count]] = await Promise.all([
    reader
      .query(
        `SELECT ${columns}, ${marks} FROM ${from} ${continued.sql} ORDER BY ${by} LIMIT $${continued.values.length + 1} OFFSET $${continued.values.length + 2}`,
        [...continued.values, size + 1, cursor === undefined ? (number - 1) * size : 0],
      )
      .catch((cause: unknown) => {
        throw cursor !== undefined && isUnreadable(cause) ? noCursor() : cause
      }),
    reader.query(`SELECT count(*) AS total FROM (SELECT FROM ${from} ${filter.sql} LIMIT ${deepest + 1}) counted`, filter.values),
  ])
  const total = Number(count?.total ?? 0)
  const shown = rows.slice(0, size)
  const last = shown.at(-1)
  return {
    rows: shown,
    meta: { page: { number, size }, total: Math.min(total, deepest), ...(total > deepest ? { totalIsAtLeast: true } : {}) },
    after: rows.length > size && last !== undefined ? cursorOf(order.columns.map((_, index) => String(last[`after_${index}`]))) : null,
  }
}

/** `links` of a list, with the next page by cursor. */
export function pageLinks(path: string, page: Page): { next: string | null } {
  return { next: page.after === null ? null : `${path}?page[after]=${encodeURIComponent(page.after)}&page[size]=${page.meta.page.size}` }
}

function combined(conditions: readonly Condition[]): { sql: string; values: unknown[] } {
  const values: unknown[] = []
  const parts = conditions.map((condition) => {
    const own = condition.values
    let next = 0
    const sql = condition.sql.replaceAll("?", () => {
      values.push(own[next++])
      return `$${values.length}`
    })
    return `(${sql})`
  })
  return { sql: parts.length === 0 ? "" : `WHERE ${parts.join(" AND ")}`, values }
}

function beyond({ columns, direction }: Listing["order"], cursor: string): Condition {
  const values = valuesOf(cursor, columns.length)
  const names = columns.map(({ name }) => name).join(", ")
  const marks = columns.map(({ type }) => `?::${type}`).join(", ")
  return { sql: `(${names}) ${direction === "ASC" ? ">" : "<"} (${marks})`, values }
}

const cursorOf = (values: readonly string[]) => Buffer.from(JSON.stringify(values)).toString("base64url")

const cursorShape = z.array(
  z
    .string()
    .max(200)
    .regex(/^[\w .:+-]*$/),
)

function valuesOf(cursor: string, count: number): string[] {
  try {
    const values = cursorShape.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()))
    if (values.length === count) return values
  } catch {
    // Told below.
  }
  throw noCursor()
}

const noCursor = () => invalid("page[after] is not a cursor of this list; take it from links.next.", { parameter: "page[after]" })

/** The database cannot read a value as its column's type (SQLSTATE class 22). */
const isUnreadable = (cause: unknown) => cause instanceof Error && "code" in cause && String(cause.code).startsWith("22")

function tooDeep(size: number) {
  const detail = `Pages beyond ${Math.floor(deepest / size)} of ${size} are reached by links.next (page[after]), or by narrower filters.`
  return invalid(detail, { parameter: "page[number]" })
}
