// Objections that several operations share.
import type { TableFacts } from "../../evidence/catalog.ts"
import { displayName } from "../../files/names.ts"
import type { TableName } from "../../files/names.ts"
import type { Objection } from "../operation.ts"
import { syncTriggerPrefix } from "../derive/sync-triggers.ts"

export const missingTable = (table: TableName): Objection => ({
  message: `there is no table ${displayName(table)}`,
  hint: "Check the schema and the spelling, or create it with create_table in an earlier change.",
})

export const missingColumn = (facts: TableFacts, column: string): Objection => ({
  message: `table ${displayName(facts.table)} has no column "${column}"`,
  hint: `It has: ${facts.columns.map(({ name }) => name).join(", ")}.`,
})

/** A child's rows are seen through the parent, but triggers and new columns of the parent are not the child's alone. */
export const inheritance = ({ table, relatives }: TableFacts): Objection[] =>
  relatives.length === 0
    ? []
    : [
        {
          message: `${displayName(table)} inherits, or is inherited (${relatives.join(", ")}): its rows lie in several tables, and this works on one`,
          hint: "Change each table by itself after NO INHERIT, or make them partitions.",
        },
      ]

/** What fires after the sync sees neither side as it will be, and may change one of them behind its back. */
export const lateTriggers = ({ table, beforeTriggers }: TableFacts): Objection[] =>
  beforeTriggers
    .filter((name) => Buffer.compare(Buffer.from(name), Buffer.from(syncTriggerPrefix)) > 0)
    .map((name) => ({
      message: `trigger "${name}" of ${displayName(table)} fires after the sync: PostgreSQL goes by the bytes of names`,
      hint: `Rename it (ALTER TRIGGER ... RENAME TO), so that it comes before ${syncTriggerPrefix}.`,
    }))
