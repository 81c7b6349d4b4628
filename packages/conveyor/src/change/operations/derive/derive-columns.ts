// derive_columns: N old columns become M new ones, and both stay true until contract. Rename, retype, split and merge
// are all this. Triggers keep the sides equal row by row; who wrote is seen from which side changed.
import { columnOf } from "../../evidence/catalog.ts"
import type { TableFacts } from "../../evidence/catalog.ts"
import { displayName, quote, sqlName } from "../../files/names.ts"
import { buildIndex } from "../create-index.ts"
import type { DeriveSpec } from "./derive-spec.ts"
import { cast, columnFacts, comparable, isSameType } from "../parts/fields.ts"
import { notNull } from "../parts/not-null.ts"
import { sameColumnGrants } from "../parts/grants.ts"
import { inheritance, lateTriggers, missingColumn, missingTable } from "../parts/objections.ts"
import { nothing } from "../operation.ts"
import type { ContractStep, Objection, Operation, Proof, RowWork, SqlText, Statement, SteadyExpression } from "../operation.ts"
import { syncTriggers } from "./sync-triggers.ts"

export { schema } from "./derive-spec.ts"

export function make(spec: DeriveSpec, id: string): Operation {
  const { table, from, to } = spec
  const olds = Object.keys(from)
  const news = Object.keys(to)
  return {
    ...nothing,
    kind: "derive_columns",
    id,
    tables: [table],
    brings: [
      {
        table,
        isNew: false,
        columns: Object.entries(to).map(([name, { type }]) => columnFacts(name, { type, nullable: true, default: undefined })),
      },
    ],
    takes: olds.map((column) => ({ kind: "column", table, column })),
    letsGo: {
      names: [...spec.lets_go, ...(Object.values(to).some((column) => column.default !== undefined) ? ["default"] : [])],
      own: "named",
    },
    steady: spec.session === undefined ? steady(spec) : [],
    describe: () =>
      `derive ${news.join(", ")} from ${olds.join(", ")} in ${displayName(table)}, ${spec.round_trip === "one_way" ? "one way: old code does not see what new code writes" : "both ways"}`,
    texts: (["up", "down"] as const).flatMap((side) =>
      Object.entries(spec[side]).map(([column, sql]): SqlText => ({ key: `${side}.${column}`, use: "expression", sql })),
    ),
    objections: (tables) => {
      const facts = tables(table)
      return facts === undefined ? [missingTable(table)] : objections(spec, facts)
    },
    proofs: () => proofs(spec),
    expand: (tables) => [addColumns(spec), ...sameColumnGrants(table, olds, news, tables(table)), ...syncTriggers(spec, id).expand],
    rows: () => rowWork(spec),
    finish: (tables) => [
      ...syncTriggers(spec, id).settle,
      ...spec.indexes.flatMap((index) => buildIndex(table, index, tables)),
      { key: "analyze", how: "alone", lock: "SHARE UPDATE EXCLUSIVE", work: "rows", sql: `ANALYZE ${sqlName(table)}` },
    ],
    contract: () => contractStep(spec, id),
  }
}

function objections(spec: DeriveSpec, facts: TableFacts): Objection[] {
  const name = displayName(spec.table)
  const found: Objection[] = []
  found.push(...inheritance(facts), ...lateTriggers(facts))
  if (facts.kind === "other") found.push({ message: `${name} is not a table`, hint: "Only tables have rows of their own to fill." })
  for (const [column, type] of Object.entries({ ...spec.from, ...spec.reads })) {
    const there = columnOf(facts, column)
    if (there === undefined) {
      found.push(missingColumn(facts, column))
    } else if (!isSameType(there.type, type)) {
      found.push({ message: `column "${column}" of ${name} is ${there.type}, not ${type}`, hint: `Write ${column}: ${there.type}.` })
    } else if (Object.hasOwn(spec.from, column) && !Object.hasOwn(spec.down, column) && !there.isNullable && there.default === undefined) {
      found.push({
        message: `column "${column}" of ${name} takes no NULL and has no default: without down, inserts of the new version would fail`,
        hint: `Give down an expression for ${column}, a constant if there is nothing better.`,
      })
    }
  }
  for (const column of Object.keys(spec.to)) {
    if (columnOf(facts, column) === undefined) continue
    found.push({ message: `table ${name} has a column "${column}" already`, hint: "Choose another name for the new column." })
  }
  return found
}

function steady({ from, to, reads, up, down }: DeriveSpec): SteadyExpression[] {
  const types = (columns: DeriveSpec["to"]) => Object.fromEntries(Object.entries(columns).map(([name, { type }]) => [name, type]))
  const columns = { ...from, ...reads, ...types(to) }
  return [
    ...Object.entries(up).map(([column, sql]) => ({
      key: `derive_columns.up.${column}`,
      sql: cast(sql, to[column]?.type ?? "text"),
      columns,
    })),
    ...Object.entries(down).map(([column, sql]) => ({
      key: `derive_columns.down.${column}`,
      sql: cast(sql, from[column] ?? "text"),
      columns,
    })),
  ]
}

/** The expressions over columns of the declared types, and over nothing else. */
function proofs({ from, to, reads, up, down }: DeriveSpec): Proof[] {
  const types: Record<string, string> = {
    ...from,
    ...reads,
    ...Object.fromEntries(Object.entries(to).map(([name, { type }]) => [name, type])),
  }
  const row = `(SELECT ${Object.entries(types)
    .map(([name, type]) => `NULL::${type} AS ${quote(name)}`)
    .join(", ")}) AS row`
  return [
    ...Object.entries(to).map(([column, { type }]) => ({
      key: `up.${column}`,
      sql: `SELECT ${cast(up[column] ?? "NULL", type)} FROM ${row} LIMIT 0`,
    })),
    ...Object.entries(down).map(([column, sql]) => ({
      key: `down.${column}`,
      sql: `SELECT ${cast(sql, from[column] ?? "text")} FROM ${row} LIMIT 0`,
    })),
  ]
}

function addColumns({ table, to }: DeriveSpec): Statement {
  return {
    key: "columns",
    how: "quick",
    lock: "ACCESS EXCLUSIVE",
    sql: `ALTER TABLE ${sqlName(table)} ${Object.entries(to)
      .map(([name, { type }]) => `ADD COLUMN ${quote(name)} ${type}`)
      .join(", ")}`,
    undo: {
      sql: `ALTER TABLE IF EXISTS ${sqlName(table)} ${Object.keys(to)
        .map((name) => `DROP COLUMN IF EXISTS ${quote(name)}`)
        .join(", ")}`,
      how: "quick",
    },
  }
}

function rowWork({ table, from, to, up, down, round_trip }: DeriveSpec): RowWork {
  const assignments = Object.entries(to).map(([column, { type }]) => `${quote(column)} = ${cast(up[column] ?? "NULL", type)}`)
  const newDiffers = Object.entries(to).map(([column, { type }]) => differs(column, type, cast(up[column] ?? "NULL", type)))
  const oldDiffers = Object.entries(down).map(([column, sql]) => differs(column, from[column] ?? "text", cast(sql, from[column] ?? "text")))
  const missing = Object.entries(to)
    .filter(([, { nullable }]) => !nullable)
    .map(([column]) => `${quote(column)} IS NULL`)
  const pending = anyOf(newDiffers)
  return {
    table,
    batch: (leaf, where) => `UPDATE ONLY ${sqlName(leaf)} SET ${assignments.join(", ")} WHERE ${where}`,
    kind: "updates",
    pending,
    wrong: anyOf([...newDiffers, ...missing, ...(round_trip === "exact" ? oldDiffers : [])]),
    // One way, the new side may have gone on by itself.
    torn: anyOf([...(round_trip === "one_way" ? ["false"] : [`(${pending} AND ${anyOf(oldDiffers)})`]), ...missing]),
    touchedWithin: (age) => `age(xmin) <= ${age}`,
    widensBy: Object.keys(to).length * 8,
  }
}

const differs = (column: string, type: string, expression: string) =>
  `${comparable(quote(column), type)} IS DISTINCT FROM ${comparable(expression, type)}`

const anyOf = (conditions: readonly string[]) => `(${conditions.join(" OR ")})`

function contractStep(spec: DeriveSpec, id: string): ContractStep {
  const { table, from, to } = spec
  const name = sqlName(table)
  const olds = Object.keys(from)
  const hidden = (column: string) => (column in from ? `conveyor_dropped_${id}_${olds.indexOf(column)}` : column)
  const triggers = syncTriggers(spec, id)
  const gone = olds.flatMap((column) => [column, hidden(column)]).map((column) => `DROP COLUMN IF EXISTS ${quote(column)}`)
  const defaults = Object.entries(to).flatMap(([column, { default: value }]) =>
    value === undefined ? [] : [`ALTER COLUMN ${quote(column)} SET DEFAULT (${value}\n)`],
  )
  return {
    prepare: Object.entries(to)
      .filter(([, { nullable }]) => !nullable)
      .flatMap(([column]) => notNull(table, id, column)),
    hide: {
      sql: [
        ...olds.map((column) => `ALTER TABLE ${name} RENAME COLUMN ${quote(column)} TO ${quote(hidden(column))}`),
        ...triggers.functions(hidden),
      ],
      show: [
        ...olds.map((column) => `ALTER TABLE ${name} RENAME COLUMN ${quote(hidden(column))} TO ${quote(column)}`),
        ...triggers.functions((column) => column),
      ],
    },
    drop: [
      // In one transaction: no insert may meet the columns without the triggers that fill them, or the triggers without the columns.
      {
        key: "drop",
        how: "quick",
        lock: "ACCESS EXCLUSIVE",
        sql: [...triggers.drop, `ALTER TABLE ${name} ${[...defaults, ...gone].join(", ")}`].join(";\n"),
      },
      { key: "drop functions", how: "quick", lock: "none", sql: triggers.dropFunctions },
    ],
  }
}
