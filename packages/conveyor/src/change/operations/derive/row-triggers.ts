// The triggers of derive_rows. A write of the old columns adds, changes or removes the slots' rows; a write of such a row
// sets the old columns. Each does nothing where the other side says the same already, which is what ends the round.
import { literal, quote, quoteAll, sqlName } from "../../files/names.ts"
import type { TableFacts } from "../../evidence/catalog.ts"
import { ownMark } from "../../fleet/mark.ts"
import type { Statement } from "../operation.ts"
import { isPresent, isSlotOf, rowKey } from "./slots.ts"
import type { Slot, SlotSpec } from "./slots.ts"
import { backfillSetting, syncTriggerPrefix } from "./sync-triggers.ts"
import { triggerFunction } from "./trigger-function.ts"

interface RowTriggers {
  expand: readonly Statement[]
  settle: readonly Statement[]
  functions(actual: (column: string) => string): string[]
  dropFromRows: string
  dropFromColumns: readonly string[]
  dropFunctions: string
}

export function rowTriggers(spec: SlotSpec, id: string, kind: TableFacts["kind"] = "table"): RowTriggers {
  const isPartitioned = kind === "partitioned"
  const [from, to] = [sqlName(spec.from), sqlName(spec.to)]
  const trigger = (what: string) => quote(`${syncTriggerPrefix}${id}_${what}`)
  const fn = (what: string) => `conveyor.${quote(`sync_${id}_${what}`)}`
  const functions = (actual: (column: string) => string) => [
    functionSql(fn("columns"), columnsToRows(spec, actual)),
    functionSql(fn("delete"), deleteRows(spec)),
    functionSql(fn("rows"), rowsToColumns(spec, actual)),
    functionSql(fn("truncate"), `TRUNCATE ${to};\n  RETURN NULL;`),
  ]
  const [columnsBody = "", deleteBody = "", rowsBody = "", truncateBody = ""] = functions((column) => column)
  const changed = [...Object.keys(spec.columns), ...Object.values(spec.parent)].map(
    (column) => `OLD.${quote(column)} IS DISTINCT FROM NEW.${quote(column)}`,
  )
  const notOurs = `current_setting(${literal(backfillSetting)}, true) IS DISTINCT FROM 'on'`
  const step = (key: string, lock: Statement["lock"], sql: string, undo: string): Statement => ({
    key,
    how: "quick",
    lock,
    sql,
    undo: { sql: undo, how: "quick" },
  })
  const onTable = (what: string, table: string, sql: string) =>
    step(`trigger ${what}`, "SHARE ROW EXCLUSIVE", sql, `DROP TRIGGER IF EXISTS ${trigger(what)} ON ${table}`)
  const onUpdate = (condition: string) =>
    `CREATE OR REPLACE TRIGGER ${trigger("update")} AFTER UPDATE ON ${from} FOR EACH ROW ${condition}EXECUTE FUNCTION ${fn("columns")}()`
  return {
    expand: [
      step("columns function", "none", columnsBody, `DROP FUNCTION IF EXISTS ${fn("columns")}()`),
      step("delete function", "none", deleteBody, `DROP FUNCTION IF EXISTS ${fn("delete")}()`),
      step("rows function", "none", rowsBody, `DROP FUNCTION IF EXISTS ${fn("rows")}()`),
      step("truncate function", "none", truncateBody, `DROP FUNCTION IF EXISTS ${fn("truncate")}()`),
      onTable(
        "rows",
        to,
        `CREATE TRIGGER ${trigger("rows")} AFTER INSERT OR UPDATE OR DELETE ON ${to} FOR EACH ROW WHEN (${notOurs}) EXECUTE FUNCTION ${fn("rows")}()`,
      ),
      onTable(
        "delete",
        from,
        // Of a partitioned table a row may leave one partition for another: only afterwards is it known whether it is gone.
        `CREATE TRIGGER ${trigger("delete")} ${isPartitioned ? "AFTER" : "BEFORE"} DELETE ON ${from} FOR EACH ROW EXECUTE FUNCTION ${fn("delete")}()`,
      ),
      onTable(
        "truncate",
        from,
        `CREATE TRIGGER ${trigger("truncate")} AFTER TRUNCATE ON ${from} FOR EACH STATEMENT EXECUTE FUNCTION ${fn("truncate")}()`,
      ),
      onTable(
        "insert",
        from,
        `CREATE TRIGGER ${trigger("insert")} AFTER INSERT ON ${from} FOR EACH ROW EXECUTE FUNCTION ${fn("columns")}()`,
      ),
      // Whatever touches a row that is not filled yet fills it, so that none can move past the backfill.
      onTable("update", from, onUpdate("")),
    ],
    settle: [{ key: "settle update trigger", how: "quick", lock: "SHARE ROW EXCLUSIVE", sql: onUpdate(`WHEN (${changed.join(" OR ")}) `) }],
    functions,
    dropFromRows: `DROP TRIGGER IF EXISTS ${trigger("rows")} ON ${to}`,
    dropFromColumns: ["insert", "update", "delete", "truncate"].map((what) => `DROP TRIGGER IF EXISTS ${trigger(what)} ON ${from}`),
    dropFunctions: `DROP FUNCTION IF EXISTS ${fn("columns")}(), ${fn("delete")}(), ${fn("rows")}(), ${fn("truncate")}()`,
  }
}

const functionSql = (name: string, body: string) =>
  triggerFunction(name, "application", `\n#variable_conflict use_column\nBEGIN\n  ${body}\nEND`)

const family = ({ parent }: SlotSpec, row: string, owner: string) =>
  Object.entries(parent)
    .map(([column, key]) => `${row}.${quote(column)} = ${owner}.${quote(key)}`)
    .join(" AND ")

/** What is done to the rows without a word to their own trigger: it would write the old table's row, which is what has just changed. */
const silently = (statement: string) => `PERFORM set_config(${literal(backfillSetting)}, 'on', true);
  ${statement};
  PERFORM set_config(${literal(backfillSetting)}, 'off', true);`

/** The whole family goes with its row: the new version's own rows too, as a foreign key would have it. */
function deleteRows(spec: SlotSpec): string {
  const isGone = `NOT EXISTS (SELECT ${ownMark} FROM ${sqlName(spec.from)} w WHERE ${family(flipped(spec), "w", "OLD")})`
  return `IF TG_WHEN = 'BEFORE' OR ${isGone} THEN
  ${silently(`DELETE ${ownMark} FROM ${sqlName(spec.to)} t WHERE ${family(spec, "t", "OLD")}`)}
  END IF;
  RETURN OLD;`
}

/** The old table's key against itself. */
const flipped = (spec: SlotSpec): SlotSpec => ({ ...spec, parent: Object.fromEntries(Object.values(spec.parent).map((key) => [key, key])) })

/** A row that gets another key takes its family along. */
function moveFamily(spec: SlotSpec): string {
  const keys = Object.entries(spec.parent)
  const moved = keys.map(([, key]) => `OLD.${quote(key)} IS DISTINCT FROM NEW.${quote(key)}`).join(" OR ")
  const set = keys.map(([column, key]) => `${quote(column)} = NEW.${quote(key)}`).join(", ")
  return `IF TG_OP = 'UPDATE' THEN
    IF ${moved} THEN
  ${silently(`UPDATE ${ownMark} ${sqlName(spec.to)} t SET ${set} WHERE ${family(spec, "t", "OLD")}`)}
    END IF;
  END IF;`
}

function columnsToRows(spec: SlotSpec, actual: (column: string) => string): string {
  const to = sqlName(spec.to)
  const one = (declared: Slot) => {
    const slot: Slot = {
      ...declared,
      values: Object.fromEntries(Object.entries(declared.values).map(([column, old]) => [column, actual(old)])),
    }
    const news = Object.keys(slot.values)
    const columns = [...rowKey(spec), ...news]
    const values = [
      ...Object.values(spec.parent).map((key) => `NEW.${quote(key)}`),
      ...Object.keys(Object.values(spec.slots)[0]?.is ?? {}).map((column) => `(${slot.is[column] ?? "NULL"}\n)`),
      ...Object.values(slot.values).map((old) => `NEW.${quote(old)}`),
    ]
    const excluded = news.map((column) => `EXCLUDED.${quote(column)}`)
    const differs = news.map((column) => `t.${quote(column)} IS DISTINCT FROM EXCLUDED.${quote(column)}`)
    return `IF ${isPresent(slot, "NEW")} THEN
    INSERT ${ownMark} INTO ${to} AS t (${quoteAll(columns)}) VALUES (${values.join(", ")})
    ON CONFLICT (${quoteAll(rowKey(spec))}) DO UPDATE SET ${news.map((column, i) => `${quote(column)} = ${excluded[i]}`).join(", ")} WHERE ${differs.join(" OR ")};
  ELSE
    DELETE ${ownMark} FROM ${to} t WHERE ${isSlotOf(spec, slot, "t", "NEW")};
  END IF;`
  }
  return `${moveFamily(spec)}
  ${Object.values(spec.slots).map(one).join("\n  ")}\n  RETURN NULL;`
}

function rowsToColumns(spec: SlotSpec, actual: (column: string) => string): string {
  const from = sqlName(spec.from)
  const isRow = ({ is }: Slot, row: string) =>
    Object.entries(is)
      .map(([column, sql]) => `${row}.${quote(column)} = (${sql}\n)`)
      .join(" AND ")
  const clear = (slot: Slot) => {
    const olds = Object.values(slot.values).map((old) => quote(actual(old)))
    return `IF ${isRow(slot, "OLD")} THEN
      UPDATE ${ownMark} ${from} w SET ${olds.map((old) => `${old} = NULL`).join(", ")} WHERE ${family(spec, "OLD", "w")} AND (${olds.map((old) => `w.${old} IS NOT NULL`).join(" OR ")});
    END IF;`
  }
  const set = (slot: Slot) => {
    const pairs = Object.entries(slot.values).map(([column, old]) => ({ old: quote(actual(old)), now: `NEW.${quote(column)}` }))
    return `IF ${isRow(slot, "NEW")} THEN
      UPDATE ${ownMark} ${from} w SET ${pairs.map(({ old, now }) => `${old} = ${now}`).join(", ")} WHERE ${family(spec, "NEW", "w")} AND (${pairs.map(({ old, now }) => `w.${old} IS DISTINCT FROM ${now}`).join(" OR ")});
    END IF;`
  }
  const moved = rowKey(spec).map((column) => `OLD.${quote(column)} IS DISTINCT FROM NEW.${quote(column)}`)
  const slots = Object.values(spec.slots)
  return `IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND (${moved.join(" OR ")})) THEN
    ${slots.map(clear).join("\n    ")}
  END IF;
  IF TG_OP <> 'DELETE' THEN
    ${slots.map(set).join("\n    ")}
  END IF;
  RETURN NULL;`
}
