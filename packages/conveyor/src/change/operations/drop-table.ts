// drop_table: a table that new code does not know. It goes at contract.
import { z } from "zod"
import { displayName, quote, sqlName } from "../files/names.ts"
import { tableField } from "./parts/fields.ts"
import { missingTable } from "./parts/objections.ts"
import { nothing } from "./operation.ts"
import type { Operation } from "./operation.ts"

export const schema = z.strictObject({ table: tableField })

export function make({ table }: z.infer<typeof schema>, id: string): Operation {
  const hidden = { ...table, name: `conveyor_dropped_${id}` }
  return {
    ...nothing,
    kind: "drop_table",
    id,
    tables: [table],
    takes: [{ kind: "table", table }],
    describe: () => `drop table ${displayName(table)}`,
    objections: (tables) => (tables(table) === undefined ? [missingTable(table)] : []),
    contract: () => ({
      prepare: [],
      hide: {
        sql: [`ALTER TABLE ${sqlName(table)} RENAME TO ${quote(hidden.name)}`],
        show: [`ALTER TABLE ${sqlName(hidden)} RENAME TO ${quote(table.name)}`],
      },
      drop: [{ key: "drop", how: "quick", lock: "ACCESS EXCLUSIVE", sql: `DROP TABLE IF EXISTS ${sqlName(table)}, ${sqlName(hidden)}` }],
    }),
  }
}
