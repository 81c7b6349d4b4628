// Objections that several operations share.
import type { TableFacts } from "../../evidence/catalog.ts"
import { displayName } from "../../files/names.ts"
import type { TableName } from "../../files/names.ts"
import type { Objection } from "../operation.ts"

export const missingTable = (table: TableName): Objection => ({
  message: `there is no table ${displayName(table)}`,
  hint: "Check the schema and the spelling, or create it with create_table in an earlier change.",
})

export const missingColumn = (facts: TableFacts, column: string): Objection => ({
  message: `table ${displayName(facts.table)} has no column "${column}"`,
  hint: `It has: ${facts.columns.map(({ name }) => name).join(", ")}.`,
})
