// derive_rows: columns of one table become rows of another, and both stay true until contract. Each slot is one row that
// a set of the old columns stands for: "cash_amount" is the row of kind cash. Triggers on both tables carry each write
// over; where both versions write the same slot, the last one wins.
import { z } from "zod"
import { columnOf } from "../../evidence/catalog.ts"
import { displayName, literal, quote, quoteAll, sqlName } from "../../files/names.ts"
import { identifierField, isSameType, letsGoField, record, tableField, typeField } from "../parts/fields.ts"
import { sameGrants } from "../parts/grants.ts"
import { inheritance, missingColumn, missingTable } from "../parts/objections.ts"
import { nothing } from "../operation.ts"
import type { ContractStep, Objection, Operation, RowWork, Statement, Tables } from "../operation.ts"
import { rowTriggers } from "./row-triggers.ts"
import { isPresent, isSlotOf, rowKey, slotField } from "./slots.ts"
import type { Slot } from "./slots.ts"

export const schema = z
  .strictObject({
    from: tableField,
    to: tableField,
    /** New column -> column of the old table's key. */
    parent: record(identifierField, "column"),
    /** The old columns, with their types. */
    columns: record(typeField, "old column"),
    slots: record(slotField, "slot"),
    lets_go: letsGoField,
  })
  .superRefine((spec, context) => {
    const slots = Object.entries(spec.slots)
    const [first] = slots
    for (const [name, { is, values }] of slots) {
      const complain = (message: string) => context.addIssue({ code: "custom", path: ["slots", name], message })
      if (first !== undefined && Object.keys(is).sort().join() !== Object.keys(first[1].is).sort().join())
        complain("every slot is told by the same columns")
      for (const old of Object.values(values)) if (!(old in spec.columns)) complain(`"${old}" is not among columns, where its type stands`)
    }
    for (const old of Object.keys(spec.columns)) {
      const uses = slots.filter(([, { values }]) => Object.values(values).includes(old)).length
      if (uses !== 1)
        context.addIssue({
          code: "custom",
          path: ["columns", old],
          message: `"${old}" has to belong to exactly one slot, and belongs to ${uses}`,
        })
    }
  })

type Spec = z.infer<typeof schema>

export function make(spec: Spec, id: string): Operation {
  const { from, to } = spec
  const olds = Object.keys(spec.columns)
  const triggers = rowTriggers(spec, id)
  return {
    ...nothing,
    kind: "derive_rows",
    id,
    tables: [from, to],
    takes: olds.map((column) => ({ kind: "column", table: from, column })),
    letsGo: { names: spec.lets_go, own: "named" },
    describe: () => `derive rows of ${displayName(to)} from ${olds.join(", ")} of ${displayName(from)}, both ways`,
    objections: (tables) => objections(spec, tables),
    proofs: () =>
      Object.entries(spec.slots).flatMap(([name, { is }]) =>
        Object.entries(is).map(([column, sql]) => ({ key: `slots.${name}.is.${column}`, sql: `SELECT (${sql}\n) LIMIT 0` })),
      ),
    expand: (tables) => [uniqueKeyCheck(spec), ...rowTriggers(spec, id, tables(from)?.kind).expand, ...sameGrants(from, to, tables(from))],
    rows: () => rowWork(spec),
    finish: () => [
      ...triggers.settle,
      { key: "analyze", how: "alone", lock: "SHARE UPDATE EXCLUSIVE", work: "rows", sql: `ANALYZE ${sqlName(to)}` },
    ],
    contract: () => contractStep(spec, id),
  }
}

function objections(spec: Spec, tables: Tables): Objection[] {
  const [from, to] = [tables(spec.from), tables(spec.to)]
  if (from === undefined) return [missingTable(spec.from)]
  if (to === undefined) return [missingTable(spec.to)]
  const found: Objection[] = [...inheritance(from)]
  const filled = new Set(insertedColumns(spec))
  for (const column of to.columns) {
    if (filled.has(column.name) || column.isNullable || column.default !== undefined) continue
    found.push({
      message: `column "${column.name}" of ${displayName(spec.to)} takes no NULL, has no default, and no slot fills it: every write of the running version would fail`,
      hint: "Give it a default in create_table, let it be nullable, or fill it from a slot.",
    })
  }
  if (to.leaves.length > 0) {
    found.push({
      message: `table ${displayName(spec.to)} is there already`,
      hint: "Rows are derived into a table that the same change creates: put its create_table before this operation.",
    })
  }
  for (const [column, type] of Object.entries(spec.columns)) {
    const there = columnOf(from, column)
    if (there === undefined) found.push(missingColumn(from, column))
    else if (!isSameType(there.type, type))
      found.push({
        message: `column "${column}" of ${displayName(spec.from)} is ${there.type}, not ${type}`,
        hint: `Write ${column}: ${there.type}.`,
      })
    else if (!there.isNullable || there.default !== undefined) {
      found.push({
        message: `column "${column}" of ${displayName(spec.from)} always has a value, so nothing tells that its row is not there`,
        hint: "Only columns that take NULL and have no default can become rows.",
      })
    }
  }
  for (const key of Object.values(spec.parent)) if (columnOf(from, key) === undefined) found.push(missingColumn(from, key))
  const news = [...rowKey(spec), ...Object.values(spec.slots).flatMap(({ values }) => Object.keys(values))]
  for (const column of new Set(news)) if (columnOf(to, column) === undefined) found.push(missingColumn(to, column))
  return found
}

/** Without a unique key two writers could both add the slot's row. */
function uniqueKeyCheck(spec: Spec): Statement {
  const names = rowKey(spec).toSorted().map(literal).join(", ")
  return {
    key: "unique key",
    how: "check",
    lock: "none",
    sql: `SELECT ${literal(`${displayName(spec.to)} has no primary key or unique constraint over exactly ${rowKey(spec).join(", ")}`)} AS key
WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = ${literal(sqlName(spec.to))}::regclass AND i.indisunique AND i.indpred IS NULL
  AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C") FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) = ARRAY[${names}])`,
  }
}

function rowWork(spec: Spec): RowWork {
  const { from, parent } = spec
  const to = sqlName(spec.to)
  const slots = Object.values(spec.slots)
  const has = (slot: Slot, more = "") => `EXISTS (SELECT FROM ${to} t WHERE ${isSlotOf(spec, slot, "t", "w")}${more})`
  const differs = (slot: Slot) => {
    const equal = Object.entries(slot.values)
      .map(([column, old]) => ` AND t.${quote(column)} IS NOT DISTINCT FROM w.${quote(old)}`)
      .join("")
    return `CASE WHEN ${isPresent(slot, "w")} THEN NOT ${has(slot, equal)} ELSE ${has(slot)} END`
  }
  // The row of the old table under a name of its own, whatever the scan calls it.
  const onRow = (conditions: readonly string[]) =>
    `(SELECT ${conditions.join(" OR ")} FROM (SELECT ${quoteAll([...Object.values(parent), ...Object.keys(spec.columns)])}) AS w)`
  const wrong = onRow(slots.map(differs))
  return {
    table: from,
    kind: "inserts",
    // The lock keeps old code from taking a value back between the look at it and the row made of it.
    batch: (leaf, where) => `INSERT INTO ${to} (${quoteAll(insertedColumns(spec))})
WITH held AS MATERIALIZED (SELECT * FROM ONLY ${sqlName(leaf)} WHERE ${where} FOR SHARE)
${slots.map((slot) => insertSlot(spec, slot)).join("\nUNION ALL ")}
ON CONFLICT (${quoteAll(rowKey(spec))}) DO NOTHING`,
    pending: onRow(slots.map((slot) => `(${isPresent(slot, "w")} AND NOT ${has(slot)})`)),
    wrong,
    torn: wrong,
    touchedWithin: (age) =>
      `(age(xmin) <= ${age} OR ${onRow([`EXISTS (SELECT FROM ${to} t WHERE ${familyOf(spec)} AND age(t.xmin) <= ${age})`])})`,
    strays: {
      table: spec.to,
      torn: strayed(spec),
    },
    widensBy: slots.length * 64,
  }
}

const familyOf = ({ parent }: Spec) =>
  Object.entries(parent)
    .map(([column, key]) => `t.${quote(column)} = w.${quote(key)}`)
    .join(" AND ")

/** The row of the new table under a name of its own. */
const strayed = (spec: Spec): string => {
  const family = Object.entries(spec.parent)
    .map(([column, key]) => `w.${quote(key)} = t.${quote(column)}`)
    .join(" AND ")
  const conditions = Object.values(spec.slots).map((slot) => {
    const isSlot = Object.entries(slot.is).map(([column, sql]) => `t.${quote(column)} = (${sql}\n)`)
    return `(${[...isSlot, `NOT EXISTS (SELECT FROM ${sqlName(spec.from)} w WHERE ${family} AND ${isPresent(slot, "w")})`].join(" AND ")})`
  })
  return `(SELECT ${conditions.join(" OR ")} FROM (SELECT ${quoteAll(rowKey(spec))}) AS t)`
}

const insertedColumns = (spec: Spec) => [
  ...rowKey(spec),
  ...new Set(Object.values(spec.slots).flatMap(({ values }) => Object.keys(values))),
]

function insertSlot(spec: Spec, slot: Slot): string {
  const { values, is } = slot
  const expressions = insertedColumns(spec).map((column) => {
    const [key, constant, old] = [spec.parent[column], is[column], values[column]]
    if (key !== undefined) return `w.${quote(key)}`
    if (constant !== undefined) return `(${constant}\n)`
    return old === undefined ? "NULL" : `w.${quote(old)}`
  })
  return `SELECT ${expressions.join(", ")} FROM held w WHERE ${isPresent(slot, "w")}`
}

function contractStep(spec: Spec, id: string): ContractStep {
  const table = sqlName(spec.from)
  const olds = Object.keys(spec.columns)
  const hidden = (column: string) => (olds.includes(column) ? `conveyor_dropped_${id}_${olds.indexOf(column)}` : column)
  const triggers = rowTriggers(spec, id)
  const gone = olds.flatMap((column) => [column, hidden(column)]).map((column) => `DROP COLUMN IF EXISTS ${quote(column)}`)
  return {
    prepare: [],
    hide: {
      sql: [
        ...olds.map((column) => `ALTER TABLE ${table} RENAME COLUMN ${quote(column)} TO ${quote(hidden(column))}`),
        ...triggers.functions(hidden),
      ],
      show: [
        ...olds.map((column) => `ALTER TABLE ${table} RENAME COLUMN ${quote(hidden(column))} TO ${quote(column)}`),
        ...triggers.functions((column) => column),
      ],
    },
    drop: [
      // From here on the new table stands alone; what still runs into the old columns is nobody's any more.
      { key: "drop sync to the old columns", how: "quick", lock: "ACCESS EXCLUSIVE", sql: triggers.dropFromRows },
      {
        key: "drop",
        how: "quick",
        lock: "ACCESS EXCLUSIVE",
        sql: [...triggers.dropFromColumns, `ALTER TABLE ${table} ${gone.join(", ")}`].join(";\n"),
      },
      { key: "drop functions", how: "quick", lock: "none", sql: triggers.dropFunctions },
    ],
  }
}
