// Objections that several operations share.
import { displayName } from "../names.ts"
import type { TableName } from "../names.ts"
import type { Objection } from "./operation.ts"

export const missingTable = (table: TableName): Objection => ({
  message: `there is no table ${displayName(table)}`,
  hint: "Check the schema and the spelling, or create it with create_table in an earlier change.",
})
