// drop_constraint: new code writes rows that a constraint forbids, so it goes in expand. Undo brings it back, and says
// which rows stand against that.
import { z } from "zod"
import type { ConstraintFacts, ConstraintIndex, TableFacts } from "../evidence/catalog.ts"
import { displayName, literal, quote, sqlName } from "../files/names.ts"
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
  if (constraint.referencedBy.length > 0) {
    return [
      {
        message: `constraint "${name}" of ${displayName(table)} is what foreign keys refer to: ${constraint.referencedBy.join(", ")}`,
        hint: "Drop those first, each by a drop_constraint of its own before this one.",
      },
    ]
  }
  if (constraint.kind === "unique" && (facts.kind === "partitioned" || !/ USING btree /.test(constraint.index?.definition ?? ""))) {
    return [
      {
        message: `constraint "${name}" of ${displayName(table)} cannot be brought back beside its users: its index cannot be built concurrently and then be taken for it`,
        hint: "Make the change by hand in a maintenance window, with a way back of your own.",
      },
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
  const index = constraint?.index
  if (constraint?.kind === "unique" && index !== undefined) {
    return [
      ...surroundings(table, constraint),
      wayBack(
        "constraint back",
        `${alter} ADD CONSTRAINT ${quote(name)} UNIQUE USING INDEX ${quote(name)} ${index.deferral}`.trimEnd(),
        "quick",
      ),
      wayBack("index back", concurrently(index), "alone"),
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
    ...(constraint === undefined ? [] : surroundings(table, constraint)),
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

const concurrently = ({ definition, tablespace }: ConstraintIndex): string =>
  definition.replace(/^CREATE UNIQUE INDEX /, "CREATE UNIQUE INDEX CONCURRENTLY ") +
  (tablespace === undefined ? "" : ` TABLESPACE ${quote(tablespace)}`)

/** What is said of a constraint, and goes with it. */
function surroundings(table: TableName, { name, comment, index }: ConstraintFacts): Statement[] {
  const alter = `ALTER TABLE ${sqlName(table)}`
  const own = sqlName({ ...table, name })
  return [
    ...(comment === undefined
      ? []
      : [wayBack("comment back", `COMMENT ON CONSTRAINT ${quote(name)} ON ${sqlName(table)} IS ${literal(comment)}`, "quick")]),
    ...(index?.comment === undefined
      ? []
      : [wayBack("index comment back", `COMMENT ON INDEX ${own} IS ${literal(index.comment)}`, "quick")]),
    ...(index?.isClustered === true ? [wayBack("clustering back", `${alter} CLUSTER ON ${quote(name)}`, "quick")] : []),
    ...(index?.isReplicaIdentity === true
      ? [wayBack("replica identity back", `${alter} REPLICA IDENTITY USING INDEX ${quote(name)}`, "quick")]
      : []),
  ]
}
