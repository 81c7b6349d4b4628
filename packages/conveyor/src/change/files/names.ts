// Names of database objects: read from change files, written into SQL. Called by the operations and the engine.
import { createHash } from "node:crypto"

export interface TableName {
  schema: string
  name: string
}

/** One identifier as SQL wants it; whatever it holds, it stays one identifier. */
export const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`

export const quoteAll = (identifiers: readonly string[]): string => identifiers.map(quote).join(", ")

export const sqlName = (table: TableName): string => `${quote(table.schema)}.${quote(table.name)}`

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * Reads `payments.payment`; a part that holds a dot or a quote stands in double quotes: `"Мой.Магазин"."Заказ"`.
 * Letters keep their case. Undefined where the text is not schema and name.
 */
export function parseTableName(text: string): TableName | undefined {
  const match = /^("(?:[^"]|"")+"|[^".\s]+)\.("(?:[^"]|"")+"|[^".\s]+)$/u.exec(text)
  const [, schema, name] = match ?? []
  return schema === undefined || name === undefined ? undefined : { schema: unquote(schema), name: unquote(name) }
}

/** The table as a person writes it in a change file. */
export function displayName(table: TableName): string {
  return [table.schema, table.name].map((part) => (/^[^".\s]+$/u.test(part) ? part : quote(part))).join(".")
}

/** A short name, the same for the same parts, that no other parts give. */
export function shortId(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 10)
}

function unquote(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part
}
