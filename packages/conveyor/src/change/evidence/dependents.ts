// What inside a shard depends on something that contract would take away: views, functions, generated columns, foreign
// keys of other tables. Called by the contract gate.
import { displayName, sqlName } from "../files/names.ts"
import type { Readable } from "../operations/operation.ts"
import type { Session } from "../fleet/session.ts"

export async function findDependents(session: Session, taken: readonly Readable[]): Promise<string[]> {
  const found: string[] = []
  for (const one of taken) {
    const column = one.kind === "column" ? one.column : undefined
    const what = column === undefined ? displayName(one.table) : `"${column}" of ${displayName(one.table)}`
    const objects = await session.rows<{ object: string }>(dependentsSql, [sqlName(one.table), column ?? null])
    const functions = await session.rows<{ object: string }>(functionsSql, [
      wordPattern(one.table.name),
      column === undefined ? null : wordPattern(column),
    ])
    for (const { object } of [...objects, ...functions]) found.push(`shard ${session.shard.name}: ${object} depends on ${what}`)
  }
  return found
}

/** The column's own default, indexes, constraints and our triggers go with it; everything else that names it is somebody's. */
const dependentsSql = `
  WITH target AS (
    SELECT c.oid, coalesce(a.attnum, 0) AS attnum FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2 AND NOT a.attisdropped
    WHERE c.oid = to_regclass($1) AND ($2::text IS NULL OR a.attnum IS NOT NULL)
  ), dependents AS (
    SELECT d.classid, d.objid, d.objsubid FROM target t
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.deptype IN ('n', 'a')
     AND (d.refobjsubid = t.attnum OR t.attnum = 0)
  )
  SELECT DISTINCT CASE
      WHEN r.oid IS NOT NULL THEN 'view ' || r.ev_class::regclass::text
      WHEN p.oid IS NOT NULL THEN 'function ' || p.oid::regprocedure::text
      WHEN f.oid IS NOT NULL THEN 'foreign key ' || quote_ident(f.conname) || ' of ' || f.conrelid::regclass::text
      WHEN g.oid IS NOT NULL THEN 'generated column ' || quote_ident(ga.attname)
      WHEN w.oid IS NOT NULL THEN 'trigger ' || quote_ident(w.tgname) || ' of ' || w.tgrelid::regclass::text
      WHEN l.oid IS NOT NULL THEN 'policy ' || quote_ident(l.polname)
    END AS object
  FROM dependents d CROSS JOIN target t
  LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.ev_class <> t.oid
  LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  LEFT JOIN pg_constraint f ON d.classid = 'pg_constraint'::regclass AND f.oid = d.objid AND f.contype = 'f' AND f.conrelid <> t.oid
  LEFT JOIN pg_attrdef g ON d.classid = 'pg_attrdef'::regclass AND g.oid = d.objid AND g.adrelid = t.oid AND g.adnum <> t.attnum AND t.attnum <> 0
  LEFT JOIN pg_attribute ga ON ga.attrelid = g.adrelid AND ga.attnum = g.adnum
  LEFT JOIN pg_trigger w ON d.classid = 'pg_trigger'::regclass AND w.oid = d.objid AND NOT w.tgisinternal AND t.attnum <> 0 AND NOT starts_with(w.tgname, 'zzz_conveyor_')
  LEFT JOIN pg_policy l ON d.classid = 'pg_policy'::regclass AND l.oid = d.objid AND t.attnum <> 0
  WHERE coalesce(r.oid, p.oid, f.oid, g.oid, w.oid, l.oid) IS NOT NULL`

/** PostgreSQL does not know what is inside a function's text; a body that names both the table and the column is taken at its word. */
const functionsSql = `
  SELECT 'function ' || p.oid::regprocedure::text AS object FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'conveyor') AND p.prosqlbody IS NULL
    AND p.prosrc ~ $1 AND ($2::text IS NULL OR p.prosrc ~ $2)`

const wordPattern = (name: string) => `(^|[^[:alnum:]_])${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}([^[:alnum:]_]|$)`
