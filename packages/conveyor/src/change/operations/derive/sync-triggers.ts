// The row triggers that keep both sides of a derive_columns equal. They look at the row alone, at which side has
// changed, so they work through any pooler and for both versions on one connection.
//
// On INSERT: a new side that is all NULL was not written, so it is derived from the old one; otherwise the new side
// gives the old one. On UPDATE: a change of the new side gives the old one; otherwise a change of the old side gives
// the new one. Where one statement writes both sides, the new side wins: only new code knows of both.
import { literal, quote, sqlName } from "../../files/names.ts"
import type { DeriveSpec } from "./derive-spec.ts"
import { cast, comparable } from "../parts/fields.ts"
import type { Statement } from "../operation.ts"
import { triggerFunction } from "./trigger-function.ts"

/** Set in the backfill's transactions, whose writes are already equal on both sides. */
export const backfillSetting = "conveyor.backfill"

/** Row triggers fire in the order of their names: ours see what the application's own have made of the row. */
export const syncTriggerPrefix = "zzz_conveyor_sync_"

interface SyncTriggers {
  expand: readonly Statement[]
  /** After the backfill: what only rows that are not filled yet need is taken out. */
  settle: readonly Statement[]
  /** The functions, over columns that were renamed. */
  functions(actual: (column: string) => string): string[]
  drop: readonly string[]
  dropFunctions: string
}

export function syncTriggers(spec: DeriveSpec, id: string): SyncTriggers {
  const table = sqlName(spec.table)
  const [onInsert, onUpdate] = [quote(`${syncTriggerPrefix}${id}_insert`), quote(`${syncTriggerPrefix}${id}_update`)]
  const [insertFunction, updateFunction] = [`conveyor.${quote(`sync_${id}_insert`)}`, `conveyor.${quote(`sync_${id}_update`)}`]
  const functions = (actual: (column: string) => string) => [
    functionSql(insertFunction, spec, actual, newSideIsEmpty(spec, "NEW", actual), "up"),
    functionSql(updateFunction, spec, actual, newSideChanged(spec), "down"),
  ]
  const [insertBody = "", updateBody = ""] = functions((column) => column)
  return {
    expand: [
      step("insert function", "none", insertBody, `DROP FUNCTION IF EXISTS ${insertFunction}()`),
      step("update function", "none", updateBody, `DROP FUNCTION IF EXISTS ${updateFunction}()`),
      step(
        "insert trigger",
        "SHARE ROW EXCLUSIVE",
        `CREATE TRIGGER ${onInsert} BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION ${insertFunction}()`,
        `DROP TRIGGER IF EXISTS ${onInsert} ON ${table}`,
      ),
      step(
        "update trigger",
        "SHARE ROW EXCLUSIVE",
        // A row that is not filled yet is filled by whatever touches it: so none can move past the backfill unfilled.
        updateTrigger([...changes(spec), newSideIsEmpty(spec, "NEW", (column) => column)]),
        `DROP TRIGGER IF EXISTS ${onUpdate} ON ${table}`,
      ),
    ],
    settle: [{ key: "settle update trigger", how: "quick", lock: "SHARE ROW EXCLUSIVE", sql: updateTrigger(changes(spec)) }],
    functions,
    drop: [`DROP TRIGGER IF EXISTS ${onInsert} ON ${table}`, `DROP TRIGGER IF EXISTS ${onUpdate} ON ${table}`],
    dropFunctions: `DROP FUNCTION IF EXISTS ${insertFunction}(), ${updateFunction}()`,
  }

  /** The condition is PostgreSQL's to check, so that an update of other columns costs no call. */
  function updateTrigger(conditions: readonly string[]): string {
    return `CREATE OR REPLACE TRIGGER ${onUpdate} BEFORE UPDATE ON ${table} FOR EACH ROW
WHEN ((${conditions.join(" OR ")}) AND current_setting(${literal(backfillSetting)}, true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION ${updateFunction}()`
  }
}

function step(key: string, lock: Statement["lock"], sql: string, undo: string): Statement {
  return { key, how: "quick", lock, sql, undo: { sql: undo, how: "quick" } }
}

/** `condition` says when `side` is derived from the other; otherwise the other is derived from it. */
function functionSql(name: string, spec: DeriveSpec, actual: (column: string) => string, condition: string, side: "up" | "down"): string {
  const { from, to, reads, up, down } = spec
  const types: Record<string, string> = {
    ...from,
    ...reads,
    ...Object.fromEntries(Object.entries(to).map(([column, { type }]) => [column, type])),
  }
  const upward = Object.entries(to).map(([column, { type }]) => `NEW.${quote(column)} := ${cast(up[column] ?? "NULL", type)};`)
  const downward = Object.entries(down).map(([column, sql]) => `NEW.${quote(actual(column))} := ${cast(sql, from[column] ?? "text")};`)
  const [then, otherwise] = side === "up" ? [upward, downward] : [downward, upward]
  // Columns as variables make each expression a simple one, which PL/pgSQL evaluates without a query of its own.
  const body = `
#variable_conflict use_column
DECLARE
${Object.entries(types)
  .map(([column, type]) => `  ${quote(column)} CONSTANT ${type} := NEW.${quote(actual(column))};`)
  .join("\n")}
BEGIN
  IF ${condition} THEN
    ${[...then, "NULL;"].join("\n    ")}
  ELSE
    ${[...otherwise, "NULL;"].join("\n    ")}
  END IF;
  RETURN NEW;
END`
  return triggerFunction(name, spec.session === "utc" ? "pinned in UTC" : "pinned", body)
}

function newSideIsEmpty({ to }: DeriveSpec, row: "NEW", actual: (column: string) => string): string {
  return `(${Object.keys(to)
    .map((column) => `${row}.${quote(actual(column))} IS NULL`)
    .join(" AND ")})`
}

function newSideChanged({ to }: DeriveSpec): string {
  return `(${Object.entries(to)
    .map(([column, { type }]) => changed(column, type))
    .join(" OR ")})`
}

function changes({ from, to, reads }: DeriveSpec): string[] {
  const olds = Object.entries({ ...from, ...reads })
  const news = Object.entries(to).map(([column, { type }]) => [column, type] as const)
  return [...olds, ...news].map(([column, type]) => changed(column, type))
}

const changed = (column: string, type: string) =>
  `${comparable(`OLD.${quote(column)}`, type)} IS DISTINCT FROM ${comparable(`NEW.${quote(column)}`, type)}`
