// drop_constraint: new code writes rows that a constraint forbids, so it goes in expand. Undo brings it back, and says
// which rows stand against that.
import { z } from "zod"
import type { ConstraintFacts, TableFacts } from "../evidence/catalog.ts"
import { displayName, quote, sqlName } from "../files/names.ts"
import type { TableName } from "../files/names.ts"
import { identifierField, tableField } from "./parts/fields.ts"
import { missingTable } from "./parts/objections.ts"
import { nothing, wayBack } from "./operation.ts"
import type { Objection, Operation, Statement } from "./operation.ts"

export const schema = z.strictObject({ table: tableField, name: identifierField })

export function make({ table, name }: z.infer<typeof schema>, id: string): Operation {
  return {
    ...nothing,
    kind: "drop_constraint",
    id,
    tables: [table],
    describe: () => `drop constraint ${name} of ${displayName(table)}`,
    objections: (tables) => objections(table, name, tables(table)),
    expand: (tables) => {
      const constraint = tables(table)?.constraints.find((one) => one.name === name)
      return statements(table, name, constraint)
    },
  }
}

function objections(table: TableName, name: string, facts: TableFacts | undefined): Objection[] {
  if (facts === undefined) return [missingTable(table)]
  const constraint = facts.constraints.find((one) => one.name === name)
  if (constraint === undefined) {
    const there = facts.constraints.map((one) => one.name).join(", ")
    return [
      { message: `table ${displayName(table)} has no constraint "${name}"`, hint: there === "" ? "It has none." : `It has: ${there}.` },
    ]
  }
  if (constraint.kind === "check" || constraint.kind === "foreign key" || constraint.kind === "unique") return []
  return [
    {
      message: `constraint "${name}" of ${displayName(table)} is a ${constraint.kind} constraint`,
      hint: "Only check, foreign key and unique constraints can be dropped and brought back.",
    },
  ]
}

/** Undo runs from the last step to the first: the constraint comes back unproven, and is proven after that. */
function statements(table: TableName, name: string, constraint: ConstraintFacts | undefined): Statement[] {
  const alter = `ALTER TABLE ${sqlName(table)}`
  const drop = `${alter} DROP CONSTRAINT IF EXISTS ${quote(name)}`
  const definition = constraint?.definition ?? ""
  if (constraint?.kind === "unique") {
    const index = definition.replace(
      /^UNIQUE( NULLS NOT DISTINCT)? (\(.*\)).*$/,
      `CREATE UNIQUE INDEX CONCURRENTLY ${quote(name)} ON ${sqlName(table)} $2$1`,
    )
    return [
      wayBack("constraint back", `${alter} ADD CONSTRAINT ${quote(name)} UNIQUE USING INDEX ${quote(name)}`, "quick"),
      wayBack("index back", index, "alone"),
      {
        key: "drop",
        how: "quick",
        lock: "ACCESS EXCLUSIVE",
        sql: drop,
        undo: { sql: `DROP INDEX CONCURRENTLY IF EXISTS ${sqlName({ ...table, name })}`, how: "alone" },
      },
    ]
  }
  return [
    ...(constraint?.isValid === false ? [] : [wayBack("proof back", `${alter} VALIDATE CONSTRAINT ${quote(name)}`, "long")]),
    {
      key: "drop",
      how: "quick",
      lock: "ACCESS EXCLUSIVE",
      sql: drop,
      undo: { sql: `${alter} ADD CONSTRAINT ${quote(name)} ${definition} NOT VALID`, how: "quick" },
    },
  ]
}
