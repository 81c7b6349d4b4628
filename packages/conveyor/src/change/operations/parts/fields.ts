// The pieces that change files are made of: table names, types, expressions. Used by the operations' schemas.
import { z } from "zod"
import type { ColumnFacts, TableFacts } from "../../evidence/catalog.ts"
import { parseTableName, quote } from "../../files/names.ts"

export const tableField = z.string("a table with its schema, such as public.payment").transform((text, context) => {
  const table = parseTableName(text)
  if (table !== undefined) return table
  context.addIssue({
    code: "custom",
    message: `"${text}" is not a table with its schema; write schema.table, such as public.payment, and put parts that hold a dot or a space in double quotes`,
  })
  return z.NEVER
})

/** PostgreSQL takes 63 bytes of a name and silently forgets the rest. */
export const identifierField = z
  .string("a name")
  .min(1, "a name cannot be empty")
  .refine((text) => Buffer.byteLength(text) <= 63, "a name has at most 63 bytes in PostgreSQL")
  .refine((text) => !text.includes("\0"), "a name cannot hold a zero byte")

/** YAML reads `default: 0` as a number; it is SQL all the same. */
export const sqlField = z.preprocess(
  (value) => (typeof value === "number" || typeof value === "boolean" ? String(value) : value),
  z
    .string("SQL, such as 0 or now(); an SQL null is the word in quotes: 'NULL'")
    .refine((text) => text.trim() !== "", "SQL cannot be empty")
    .refine((text) => !text.includes("\0"), "SQL cannot hold a zero byte"),
)

/** A type as SQL writes it; what it is made of cannot end the statement that it stands in. */
export const typeField = z
  .string("a type as in CREATE TABLE, such as numeric(12,2)")
  .regex(
    /^[\p{L}_"][\p{L}\p{N}_". ]*(\(\s*\d+\s*(,\s*-?\d+\s*)?\))?[\p{L} ]*(\[\])*$/u,
    "this is not a type; write it as in CREATE TABLE, such as numeric(12,2)",
  )

export const columnField = z.strictObject({
  type: typeField,
  nullable: z.boolean().default(true),
  default: sqlField.optional(),
})
export type ColumnSpec = z.infer<typeof columnField>

/** Names of columns, at least one. */
export const columnsField = z
  .array(identifierField, "a list of columns, such as [id]")
  .min(1, "names no column; name at least one, such as [id]")

export const indexField = z.strictObject({
  name: identifierField,
  columns: columnsField,
  unique: z.boolean().default(false),
  where: sqlField.optional(),
  method: z.enum(["btree", "hash", "gin", "gist", "spgist", "brin"]).default("btree"),
})
export type IndexSpec = z.infer<typeof indexField>

/** What hangs on a column that goes, and is meant to go with it: constraints, indexes, "default", "identity". */
export const letsGoField = z
  .array(z.string("a name").min(1, "a name cannot be empty"), "a list of names, such as [payment_code, default]")
  .default([])

export const record = <T extends z.ZodType>(value: T, what: string) =>
  z.record(identifierField, value).refine((entries) => Object.keys(entries).length > 0, `needs at least one ${what}`)

/** `"price" numeric(12,2) NOT NULL DEFAULT 0` */
export function columnDefinition(name: string, { type, nullable, default: value }: ColumnSpec): string {
  return [`${quote(name)} ${type}`, nullable ? "" : "NOT NULL", value === undefined ? "" : `DEFAULT (${value}\n)`].filter(Boolean).join(" ")
}

export const columnFacts = (name: string, { type, nullable, default: value }: ColumnSpec): ColumnFacts => ({
  name,
  type,
  isNullable: nullable,
  default: value,
})

/** An expression that cannot swallow what follows it, as the column's type. */
export const cast = (expression: string, type: string): string => `CAST((${expression}\n) AS ${type})`

const withoutEquality = /^"?(json|xml|point|polygon|circle|line|lseg|path|box)"?(\[\])*$/

/** A form of a value that IS DISTINCT FROM can compare. */
export const comparable = (sql: string, type: string): string => (withoutEquality.test(type) ? `(${sql})::text` : sql)

const aliases: Readonly<Record<string, string>> = {
  int: "integer",
  int4: "integer",
  int8: "bigint",
  int2: "smallint",
  bool: "boolean",
  float8: "double precision",
  float4: "real",
  varchar: "character varying",
  char: "character",
  decimal: "numeric",
  timestamptz: "timestamp with time zone",
  timestamp: "timestamp without time zone",
  timetz: "time with time zone",
  time: "time without time zone",
  varbit: "bit varying",
}

/** Whether two ways of writing a type mean the same. */
export const isSameType = (one: string, other: string): boolean => normalType(one) === normalType(other)

/** "timestamp(3) with time zone", whichever way it was written. */
function normalType(type: string): string {
  const [, name = "", modifier = "", zone = "", array = ""] =
    /^([^([]*?)\s*(\([^)]*\))?\s*(with(?:out)? time zone)?((?:\[\])*)$/i.exec(type.trim()) ?? []
  const folded = name.includes('"')
    ? name
    : name
        .toLowerCase()
        .replace(/\s+/g, " ")
        .replace(/^pg_catalog\./, "")
  // Only without a zone of its own is "timestamp" short for one.
  const full = zone === "" ? (aliases[folded] ?? folded).replace(/^"([a-z_][a-z0-9_]*)"$/, "$1") : `${folded} ${zone.toLowerCase()}`
  const [, time = full, itsZone = ""] = /^(time|timestamp)( with(?:out)? time zone)$/.exec(full) ?? []
  return `${time}${modifier.replaceAll(" ", "")}${itsZone}${array}`
}

/** A row of the table that holds nothing, for proofs of expressions over it: FROM ... */
export const rowOf = ({ table, columns }: TableFacts): string =>
  `(SELECT ${columns.map(({ name, type }) => `NULL::${type} AS ${quote(name)}`).join(", ")}) AS ${quote(table.name)}`
