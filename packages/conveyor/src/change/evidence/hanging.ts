// What goes when a column goes, without a word from PostgreSQL: keys, checks, indexes, defaults, sequences, statistics.
// Called by examine, so that whoever lets the column go has named each, and by the plan.
import { sqlName } from "../files/names.ts"
import type { TableName } from "../files/names.ts"
import type { Session } from "../fleet/session.ts"

interface Hanging {
  /** As lets_go takes it: the name of a constraint, an index or a statistics object; "default", "identity". */
  name: string
  /** In words: "unique constraint u_email (tenant, email)". */
  what: string
  /** Rests on this column and nothing else. */
  isOwn: boolean
}

export function whatHangsOn(session: Session, table: TableName, column: string): Promise<Hanging[]> {
  return session.rows<Hanging>(hangingSql, [sqlName(table), column])
}

/** The engine's own checks and the plain NOT NULL are not told: the new column says for itself whether it takes NULL. */
const hangingSql = `
  WITH target AS (
    SELECT a.attrelid AS relid, a.attnum, a.attname, a.attidentity, a.attgenerated, a.atthasdef FROM pg_attribute a
    WHERE a.attrelid = to_regclass($1) AND a.attname = $2 AND NOT a.attisdropped
  )
  SELECT c.conname::text AS name,
         CASE c.contype WHEN 'p' THEN 'primary key ' WHEN 'u' THEN 'unique constraint ' WHEN 'f' THEN 'foreign key ' WHEN 'x' THEN 'exclusion constraint ' ELSE 'check ' END
         || c.conname || ' ' || pg_get_constraintdef(c.oid) AS what,
         cardinality(c.conkey) = 1 AND c.contype <> 'p' AS "isOwn"
  FROM target t JOIN pg_constraint c ON c.conrelid = t.relid AND t.attnum = ANY (c.conkey)
  WHERE c.contype IN ('p', 'u', 'f', 'x', 'c') AND NOT starts_with(c.conname, 'conveyor_')
  UNION ALL
  SELECT i.relname::text, CASE WHEN x.indisunique THEN 'unique index ' ELSE 'index ' END || i.relname
         || CASE WHEN x.indisclustered THEN ', by which the table is clustered,' ELSE '' END
         || CASE WHEN x.indisreplident THEN ', the replica identity,' ELSE '' END,
         x.indnatts = 1 AND NOT x.indisreplident
  FROM target t JOIN pg_index x ON x.indrelid = t.relid JOIN pg_class i ON i.oid = x.indexrelid
  WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid AND c.conrelid = t.relid)
    AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = x.indexrelid AND d.refobjid = t.relid AND d.refobjsubid = t.attnum)
  UNION ALL
  SELECT 'identity', 'the identity, with its sequence,', true FROM target t WHERE t.attidentity <> ''
  UNION ALL
  SELECT 'default', 'the default ' || pg_get_expr(d.adbin, d.adrelid), true FROM target t JOIN pg_attrdef d ON d.adrelid = t.relid AND d.adnum = t.attnum
  WHERE t.attgenerated = '' AND pg_get_expr(d.adbin, d.adrelid) !~ '^NULL(::|$)'
  UNION ALL
  SELECT s.stxname::text, 'statistics object ' || s.stxname, false FROM target t JOIN pg_statistic_ext s ON s.stxrelid = t.relid AND t.attnum = ANY (s.stxkeys::smallint[])
  UNION ALL
  SELECT p.pubname::text, 'the column list of publication ' || p.pubname, false FROM target t
  JOIN pg_publication_rel r ON r.prrelid = t.relid AND t.attnum = ANY (r.prattrs::smallint[]) JOIN pg_publication p ON p.oid = r.prpubid
  UNION ALL
  SELECT g.tgname::text, 'trigger ' || g.tgname || ' (UPDATE OF)', false FROM target t JOIN pg_trigger g ON g.tgrelid = t.relid AND t.attnum = ANY (g.tgattr::smallint[])
  WHERE NOT g.tgisinternal AND NOT starts_with(g.tgname, 'zzz_conveyor_')
  ORDER BY 1`
