// create_index: built concurrently after the rows are in place, checked to be valid, rebuilt where it is not.
// A partitioned table gets its index partition by partition.
import type { z } from "zod"
import { columnOf } from "../evidence/catalog.ts"
import { displayName, quote, quoteAll, shortId, sqlName } from "../files/names.ts"
import type { TableName } from "../files/names.ts"
import { indexField, tableField } from "./parts/fields.ts"
import type { IndexSpec } from "./parts/fields.ts"
import { nothing } from "./operation.ts"
import type { Operation, Statement, Tables } from "./operation.ts"
import { missingColumn, missingTable } from "./parts/objections.ts"

export const schema = indexField.extend({ table: tableField })

export function make(spec: z.infer<typeof schema>, id: string): Operation {
  const { table } = spec
  return {
    ...nothing,
    kind: "create_index",
    id,
    tables: [table],
    describe: () => `create ${spec.unique ? "unique " : ""}index ${spec.name} on ${displayName(table)} (${spec.columns.join(", ")})`,
    objections: (tables) => {
      const facts = tables(table)
      if (facts === undefined) return [missingTable(table)]
      return spec.columns.filter((column) => columnOf(facts, column) === undefined).map((column) => missingColumn(facts, column))
    },
    finish: (tables) => buildIndex(table, spec, tables),
  }
}

export function buildIndex(table: TableName, index: IndexSpec, tables: Tables): Statement[] {
  const facts = tables(table)
  if (facts?.kind !== "partitioned") return [concurrently(table, index, `index ${index.name}`)]
  const parts = facts.leaves.map((leaf) => ({ leaf: leaf.table, index: { ...index, name: leafIndexName(index, leaf.table) } }))
  return [
    ...parts.map((part) => concurrently(part.leaf, part.index, `index ${index.name} of ${part.leaf.name}`)),
    {
      key: `index ${index.name}`,
      how: "quick",
      lock: "SHARE",
      // PostgreSQL finds the partitions' own indexes, at every level, and takes them instead of building others.
      sql: indexDefinition(table, index, "at once"),
      undo: { sql: `DROP INDEX IF EXISTS ${sqlName({ ...table, name: index.name })}`, how: "quick" },
    },
  ]
}

export function indexDefinition(table: TableName, index: IndexSpec, how: "concurrently" | "at once"): string {
  const where = index.where === undefined ? "" : ` WHERE (${index.where}\n)`
  const words = `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${how === "concurrently" ? "CONCURRENTLY " : ""}${quote(index.name)}`
  return `${words} ON ${sqlName(table)} USING ${index.method} (${quoteAll(index.columns)})${where}`
}

function concurrently(table: TableName, index: IndexSpec, key: string): Statement {
  const name = { schema: table.schema, name: index.name }
  return {
    key,
    how: "index",
    lock: "SHARE UPDATE EXCLUSIVE",
    work: "index",
    sql: indexDefinition(table, index, "concurrently"),
    index: name,
    undo: { sql: `DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(name)}`, how: "alone" },
  }
}

const leafIndexName = (index: IndexSpec, leaf: TableName) => `conveyor_${shortId(index.name, leaf.schema, leaf.name)}`
