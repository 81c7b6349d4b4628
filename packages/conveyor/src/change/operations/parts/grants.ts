// Rights: who may use what is old may use what is new in its place. Used by the derivations.
import type { TableFacts } from "../../evidence/catalog.ts"
import { quote, quoteAll, sqlName } from "../../files/names.ts"
import type { TableName } from "../../files/names.ts"
import type { Statement } from "../operation.ts"

/** The new table can be read and written by whoever can read and write the old one. The owner decides later what is too much. */
export function sameGrants(old: TableName, table: TableName, facts: TableFacts | undefined): Statement[] {
  const grants = (facts?.grants ?? []).filter(({ column, privilege }) => column === undefined && onTables.has(privilege))
  return grants.length === 0
    ? []
    : [
        {
          key: `rights of ${old.name}`,
          how: "quick",
          lock: "none",
          sql: grants.map(({ role, privilege }) => `GRANT ${privilege} ON ${sqlName(table)} TO ${role}`).join(";\n"),
        },
      ]
}

/** Column by column: a right on one of the old columns becomes a right on all that come from them. */
export function sameColumnGrants(
  table: TableName,
  olds: readonly string[],
  news: readonly string[],
  facts: TableFacts | undefined,
): Statement[] {
  const granted = new Set(
    (facts?.grants ?? [])
      .filter(({ column }) => column !== undefined && olds.includes(column))
      .map(({ role, privilege }) => `GRANT ${privilege} (${quoteAll(news)}) ON ${sqlName(table)} TO ${role}`),
  )
  return granted.size === 0
    ? []
    : [{ key: `rights of ${olds.map(quote).join(", ")}`, how: "quick", lock: "none", sql: [...granted].join(";\n") }]
}

const onTables: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE"])
