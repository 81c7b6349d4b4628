// sql: statements of one's own, tagged with the phase that they belong to, for what no other operation covers.
import { z } from "zod"
import { identifierField, sqlField, tableField } from "./parts/fields.ts"
import { runsOutsideTransaction } from "./parts/outside-transaction.ts"
import { nothing, wayBack } from "./operation.ts"
import type { Operation, SqlText, Statement, Taken } from "./operation.ts"

const statementsField = z.union([
  sqlField.transform((text) => [text]),
  z.array(sqlField).min(1, "has no statement; write SQL, or leave the key out"),
])

export const schema = z
  .strictObject({
    summary: z.string().default("sql"),
    /** Tables that the contract statements take from old code, as the contract gate has to know. */
    takes: z.array(z.strictObject({ table: tableField, column: identifierField.optional() })).default([]),
    expand: statementsField.optional(),
    /** Takes expand back. Without it a change with this operation cannot be undone. */
    undo: statementsField.optional(),
    finish: statementsField.optional(),
    contract: statementsField.optional(),
    /** Rules of the lint that are let pass here, because the author knows better: a small table, a quiet one. */
    allow: z.array(z.string()).default([]),
  })
  .superRefine((spec, context) => {
    const phases = [spec.expand, spec.finish, spec.contract]
    if (phases.every((phase) => phase === undefined))
      context.addIssue({ code: "custom", message: "has no statement: give expand, finish or contract" })
    if (spec.expand !== undefined && spec.undo === undefined) {
      context.addIssue({
        code: "custom",
        message: 'has expand without undo: say how it is taken back, or write undo: "SELECT 1" where nothing has to be',
      })
    }
  })

export function make(spec: z.infer<typeof schema>, id: string): Operation {
  return {
    ...nothing,
    kind: "sql",
    id,
    tables: [],
    takes: taken(spec),
    texts: phases.flatMap((use) => (spec[use] ?? []).map((sql): SqlText => ({ key: use, use, sql }))),
    allow: spec.allow,
    describe: () => spec.summary,
    // Undo goes from the last step to the first: so the first statement of undo stands right before expand's own.
    expand: () => [
      ...(spec.undo ?? []).map((sql, i) => wayBack(`undo ${i + 1}`, sql, howOf(sql))).toReversed(),
      ...statements("expand", spec.expand),
    ],
    finish: () => statements("finish", spec.finish),
    contract: () =>
      spec.contract === undefined ? undefined : { prepare: [], hide: undefined, drop: statements("contract", spec.contract) },
  }
}

const phases = ["expand", "undo", "finish", "contract"] as const

function taken({ takes, contract, summary }: z.infer<typeof schema>): Taken[] {
  if (takes.length === 0) return contract === undefined ? [] : [{ kind: "other", what: summary }]
  return takes.map(({ table, column }) => (column === undefined ? { kind: "table", table } : { kind: "column", table, column }))
}

function statements(phase: string, list: readonly string[] = []): Statement[] {
  return list.map((sql, i) => ({ key: `${phase} ${i + 1}`, sql, how: howOf(sql), lock: "ACCESS EXCLUSIVE" }))
}

const howOf = (sql: string) => (runsOutsideTransaction(sql) ? "alone" : "quick")
