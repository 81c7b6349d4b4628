// drop_index: an index that only old code's queries need. It goes at contract, concurrently.
import { z } from "zod"
import { displayName, sqlName } from "../files/names.ts"
import { tableField } from "./parts/fields.ts"
import { nothing } from "./operation.ts"
import type { Operation } from "./operation.ts"

export const schema = z.strictObject({ index: tableField })

export function make({ index }: z.infer<typeof schema>, id: string): Operation {
  return {
    ...nothing,
    kind: "drop_index",
    id,
    tables: [],
    takes: [{ kind: "other", what: `index ${displayName(index)}` }],
    describe: () => `drop index ${displayName(index)}`,
    proofs: () => [{ key: "index", sql: `SELECT 1 WHERE '${sqlName(index).replaceAll("'", "''")}'::regclass IS NOT NULL LIMIT 0` }],
    contract: () => ({
      prepare: [],
      hide: undefined,
      drop: [{ key: "drop", how: "alone", lock: "SHARE UPDATE EXCLUSIVE", sql: `DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(index)}` }],
    }),
  }
}
