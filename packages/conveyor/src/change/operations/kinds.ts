// Every kind of operation that a change file may hold, by its key in the file.
import type { z } from "zod"
import * as addConstraint from "./add-constraint.ts"
import * as addColumn from "./add-column.ts"
import * as addEnumValue from "./add-enum-value.ts"
import * as createIndex from "./create-index.ts"
import * as createTable from "./create-table.ts"
import * as deriveColumns from "./derive/derive-columns.ts"
import * as deriveRows from "./derive/derive-rows.ts"
import * as dropColumn from "./drop-column.ts"
import * as dropConstraint from "./drop-constraint.ts"
import * as dropIndex from "./drop-index.ts"
import * as dropTable from "./drop-table.ts"
import * as setDefault from "./set-default.ts"
import * as sql from "./sql.ts"
import type { Operation } from "./operation.ts"

export interface OperationKind {
  /** Reads what stands under the key; gives the operation with its id, or what is wrong and where, in `words` where the schema has none. */
  read(value: unknown, id: string, words: z.core.$ZodErrorMap): { operation: Operation } | { issues: readonly z.core.$ZodIssue[] }
}

function kind<S extends z.ZodType>(definition: { schema: S; make(spec: z.infer<S>, id: string): Operation }): OperationKind {
  return {
    read(value, id, words) {
      const parsed = definition.schema.safeParse(value, { error: words })
      return parsed.success ? { operation: definition.make(parsed.data, id) } : { issues: parsed.error.issues }
    },
  }
}

export const kinds: ReadonlyMap<string, OperationKind> = new Map([
  ["create_table", kind(createTable)],
  ["add_column", kind(addColumn)],
  ["derive_columns", kind(deriveColumns)],
  ["derive_rows", kind(deriveRows)],
  ["drop_column", kind(dropColumn)],
  ["drop_table", kind(dropTable)],
  ["create_index", kind(createIndex)],
  ["drop_index", kind(dropIndex)],
  ["add_constraint", kind(addConstraint)],
  ["drop_constraint", kind(dropConstraint)],
  ["set_default", kind(setDefault)],
  ["add_enum_value", kind(addEnumValue)],
  ["sql", kind(sql)],
])
