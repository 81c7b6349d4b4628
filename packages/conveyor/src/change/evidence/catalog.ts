// What a shard's catalog says about the tables that a change names. Read before each operation; changes nothing.
import { sqlName } from "../files/names.ts"
import type { TableName } from "../files/names.ts"
import type { Session } from "../fleet/session.ts"

export interface ColumnFacts {
  name: string
  /** As format_type writes it: "character varying(20)". */
  type: string
  isNullable: boolean
  default: string | undefined
}

/** A table that holds rows itself: the table, or each partition of a partitioned one. */
export interface LeafFacts {
  oid: number
  table: TableName
  /** Changes when the table is rewritten. */
  fileNode: number
  pages: number
  /** Estimated. */
  rows: number
  heapBytes: number
  indexBytes: number
}

export interface ConstraintFacts {
  name: string
  kind: "check" | "foreign key" | "unique" | "primary key" | "other"
  /** As pg_get_constraintdef writes it, without NOT VALID. */
  definition: string
  isValid: boolean
  comment: string | undefined
  /** Foreign keys that need it, as "fk of schema.table". */
  referencedBy: readonly string[]
  /** Of one that stands on an index. */
  index: ConstraintIndex | undefined
}

/** What a constraint's own definition does not say of its index. */
export interface ConstraintIndex {
  /** As pg_get_indexdef writes it: storage parameters included. */
  definition: string
  /** "", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED". */
  deferral: string
  tablespace: string | undefined
  comment: string | undefined
  /** The table is clustered by it, or replicas know rows by it. */
  isClustered: boolean
  isReplicaIdentity: boolean
}

/** A right that somebody other than the owner has. */
export interface GrantFacts {
  /** "PUBLIC", or a role, quoted for SQL. */
  role: string
  privilege: string
  /** Undefined: on the whole table. */
  column: string | undefined
}

export interface TableFacts {
  oid: number
  table: TableName
  kind: "table" | "partitioned" | "other"
  columns: readonly ColumnFacts[]
  /** Columns of the primary key, in its order. */
  primaryKey: readonly string[]
  leaves: readonly LeafFacts[]
  constraints: readonly ConstraintFacts[]
  /** The application's own row triggers on UPDATE. */
  updateTriggers: readonly string[]
  /** The application's own row triggers BEFORE INSERT or UPDATE, by name: PostgreSQL fires them in the order of the names' bytes. */
  beforeTriggers: readonly string[]
  grants: readonly GrantFacts[]
  /** Tables that inherit from it, and those that it inherits from; partitions are none. */
  relatives: readonly string[]
}

export const columnOf = (facts: TableFacts, name: string): ColumnFacts | undefined => facts.columns.find((column) => column.name === name)

export async function readTable(session: Session, table: TableName): Promise<TableFacts | undefined> {
  const [found] = await session.rows<{ oid: number; relkind: string }>(
    `SELECT c.oid::int8::float8 AS oid, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [table.schema, table.name],
  )
  if (found === undefined) return undefined
  const { oid, relkind } = found
  const [columns, primaryKey, leaves, triggers, constraints] = [
    await session.rows<{ name: string; type: string; nullable: boolean; default: string | null }>(columnsSql, [oid]),
    await session.rows<{ name: string }>(primaryKeySql, [oid]),
    await session.rows<LeafRow>(leavesSql, [oid]),
    await session.rows<{ name: string }>(triggersSql, [oid]),
    await session.rows<ConstraintRow>(constraintsSql, [oid]),
  ]
  const before = await session.rows<{ name: string }>(beforeTriggersSql, [oid])
  const grants = await session.rows<{ role: string; privilege: string; column: string | null }>(grantsSql, [oid])
  const relatives = await session.rows<{ name: string }>(relativesSql, [oid])
  const filled: LeafFacts[] = []
  for (const leaf of leaves) filled.push(await leafFacts(session, leaf))
  return {
    oid,
    table,
    kind: relkind === "r" ? "table" : relkind === "p" ? "partitioned" : "other",
    columns: columns.map((row) => ({ name: row.name, type: row.type, isNullable: row.nullable, default: row.default ?? undefined })),
    primaryKey: primaryKey.map((row) => row.name),
    leaves: filled,
    constraints: constraints.map(constraintFacts),
    updateTriggers: triggers.map((row) => row.name),
    beforeTriggers: before.map((row) => row.name),
    grants: grants.map(({ role, privilege, column }) => ({ role, privilege, column: column ?? undefined })),
    relatives: relatives.map((row) => row.name),
  }
}

interface LeafRow {
  oid: number
  schema: string
  name: string
  file_node: number
  pages: number
  tuples: number
  planned_pages: number
  heap: number
  indexes: number
}

async function leafFacts(session: Session, leaf: LeafRow): Promise<LeafFacts> {
  const table = { schema: leaf.schema, name: leaf.name }
  return {
    oid: leaf.oid,
    table,
    fileNode: leaf.file_node,
    pages: leaf.pages,
    rows: await estimateRows(session, table, leaf),
    heapBytes: leaf.heap,
    indexBytes: leaf.indexes,
  }
}

async function estimateRows(session: Session, table: TableName, { pages, tuples, planned_pages }: LeafRow): Promise<number> {
  if (pages === 0) return 0
  if (tuples >= 0 && planned_pages > 0) return Math.round((tuples / planned_pages) * pages)
  // Never analysed: the first pages tell how many rows a page holds.
  const [sample] = await session.rows<{ rows: number }>(
    `SELECT count(*)::float8 AS rows FROM ONLY ${sqlName(table)} WHERE ctid < '(${sampledPages},0)'`,
  )
  return Math.round(((sample?.rows ?? 0) / Math.min(sampledPages, pages)) * pages)
}

const sampledPages = 20

interface ConstraintRow {
  name: string
  kind: string
  definition: string
  valid: boolean
  comment: string | null
  referencedBy: string[]
  index: { [K in keyof ConstraintIndex]: Exclude<ConstraintIndex[K], undefined> | null } | null
}

function constraintFacts({ name, kind, definition, valid, comment, referencedBy, index }: ConstraintRow): ConstraintFacts {
  return {
    name,
    kind: constraintKinds[kind] ?? "other",
    definition,
    isValid: valid,
    comment: comment ?? undefined,
    referencedBy,
    index:
      index === null
        ? undefined
        : {
            definition: index.definition ?? "",
            deferral: index.deferral ?? "",
            tablespace: index.tablespace ?? undefined,
            comment: index.comment ?? undefined,
            isClustered: index.isClustered === true,
            isReplicaIdentity: index.isReplicaIdentity === true,
          },
  }
}

const constraintKinds: Readonly<Record<string, ConstraintFacts["kind"]>> = { c: "check", f: "foreign key", u: "unique", p: "primary key" }

const constraintsSql = `
  SELECT c.conname AS name, c.contype::text AS kind, regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', '') AS definition,
         c.convalidated AS valid,
         ARRAY(SELECT f.conname || ' of ' || f.conrelid::regclass FROM pg_constraint f
               WHERE f.contype = 'f' AND f.confrelid = c.conrelid AND f.conindid = c.conindid AND c.contype <> 'f') AS "referencedBy",
         obj_description(c.oid, 'pg_constraint') AS comment,
         CASE WHEN x.indexrelid IS NULL THEN NULL ELSE jsonb_build_object(
           'definition', pg_get_indexdef(x.indexrelid),
           'deferral', CASE WHEN c.condeferred THEN 'DEFERRABLE INITIALLY DEFERRED' WHEN c.condeferrable THEN 'DEFERRABLE' ELSE '' END,
           'tablespace', (SELECT spcname FROM pg_tablespace WHERE oid = i.reltablespace),
           'comment', obj_description(x.indexrelid, 'pg_class'),
           'isClustered', x.indisclustered, 'isReplicaIdentity', x.indisreplident) END AS index
  FROM pg_constraint c LEFT JOIN pg_index x ON x.indexrelid = c.conindid AND x.indrelid = c.conrelid AND c.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_class i ON i.oid = x.indexrelid
  WHERE c.conrelid = $1::oid ORDER BY c.conname`

const columnsSql = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
         pg_get_expr(d.adbin, d.adrelid) AS default
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

const primaryKeySql = `
  SELECT a.attname AS name
  FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE i.indrelid = $1::oid AND i.indisprimary ORDER BY k.place`

const leavesSql = `
  SELECT c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name, pg_relation_filenode(c.oid)::int8::float8 AS file_node,
         (pg_relation_size(c.oid) / current_setting('block_size')::int)::float8 AS pages,
         c.reltuples::float8 AS tuples, c.relpages::float8 AS planned_pages,
         pg_table_size(c.oid)::float8 AS heap, pg_indexes_size(c.oid)::float8 AS indexes
  FROM (SELECT $1::oid AS relid WHERE (SELECT relkind FROM pg_class WHERE oid = $1::oid) = 'r'
        UNION ALL SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t WHERE t.isleaf AND t.relid <> $1::oid) AS leaf
  JOIN pg_class c ON c.oid = leaf.relid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' ORDER BY c.oid`

const triggersSql = `
  SELECT tgname AS name FROM pg_trigger
  WHERE tgrelid = $1::oid AND NOT tgisinternal AND (tgtype & 1) = 1 AND (tgtype & 16) = 16 AND tgname NOT LIKE 'zzz\\_conveyor\\_%' ORDER BY tgname`

/** Timing bits: 1 for each row, 2 BEFORE, 4 INSERT, 16 UPDATE. */
const beforeTriggersSql = `
  SELECT tgname AS name FROM pg_trigger
  WHERE tgrelid = $1::oid AND NOT tgisinternal AND tgenabled <> 'D' AND (tgtype & 3) = 3 AND (tgtype & 20) <> 0
    AND NOT starts_with(tgname, 'zzz_conveyor_') ORDER BY tgname COLLATE "C"`

const grantsSql = `
  SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS role, a.privilege_type AS privilege, g.column
  FROM (SELECT relacl AS acl, relowner AS owner, NULL::name AS column FROM pg_class WHERE oid = $1::oid
        UNION ALL SELECT t.attacl, c.relowner, t.attname FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
        WHERE t.attrelid = $1::oid AND t.attacl IS NOT NULL AND NOT t.attisdropped) g
  CROSS JOIN LATERAL aclexplode(g.acl) a WHERE a.grantee <> g.owner ORDER BY role, privilege, g.column`

const relativesSql = `
  SELECT CASE WHEN i.inhparent = $1::oid THEN i.inhrelid ELSE i.inhparent END::regclass::text AS name
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE (i.inhparent = $1::oid OR i.inhrelid = $1::oid) AND NOT c.relispartition ORDER BY name`
