// What the tests of the change engine share: shards on a real server, a change from text, a run. Used by tests alone.
import pg from "pg"
import { systemClock } from "../../kernel/time/clock.ts"
import { silentLogger } from "../../kernel/logger.ts"
import type { Change } from "../change.ts"
import { createChangeEngine } from "../create-engine.ts"
import type { ChangeEngine, ChangeRun, ChangeStatus } from "../engine.ts"
import { parseChange } from "../files/load-changes.ts"
import type { PolicyChoices } from "../policy.ts"
import type { ShardSpec } from "../fleet/shard.ts"

/** Limits that let a test be quick and still go through every batch, pause and check. */
export const testPolicy: PolicyChoices = {
  batch: { rest: 0 },
  lock: { firstPauseMs: 20, longestPauseMs: 200, watchMs: 50, rivalMs: 20_000 },
  throttle: { everyMs: 50, oldestTransactionMs: undefined },
  contract: { observeMs: 100, softDropMs: 50 },
  fleet: { attempts: 6, firstPauseMs: 50, longestPauseMs: 500 },
}

export function engineFor(shards: readonly ShardSpec[], policy: PolicyChoices = {}): ChangeEngine {
  const merged: PolicyChoices = { ...policy }
  for (const part of ["batch", "lock", "throttle", "disk", "expand", "contract", "fleet"] as const) {
    Object.assign(merged, { [part]: { ...testPolicy[part], ...policy[part] } })
  }
  return createChangeEngine({ shards, clock: systemClock, logger: silentLogger, policy: merged })
}

export function testRun(
  onProgress: (status: ChangeStatus) => void = () => {},
  signal = new AbortController().signal,
  fence = 1,
): ChangeRun {
  return { signal, fence, onProgress }
}

export const changeOf = (name: string, text: string): Change => parseChange(`changes/${name}.yml`, name, text)

/** One statement or several on a database, as an application would send them. */
export async function query<T extends pg.QueryResultRow = pg.QueryResultRow>(url: string, sql: string, values?: unknown[]): Promise<T[]> {
  return connected(url, async (client) => (await client.query<T>(sql, values)).rows)
}

export async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  client.on("error", () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Everything about a database's own schemas that a change could leave behind, as comparable text. */
export async function schemaOf(url: string): Promise<string[]> {
  const rows = await query<{ line: string }>(
    url,
    `SELECT n.nspname || '.' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS line
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v') AND ${own}
     UNION ALL SELECT pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid || ' ' || i.indisclustered || ' ' || i.indisreplident || ' ' || coalesce(obj_description(i.indexrelid, 'pg_class'), '') FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${own}
     UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(k.oid) || ' ' || convalidated || ' ' || coalesce(obj_description(k.oid, 'pg_constraint'), '') FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${own}
     UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT tgisinternal AND ${own}
     UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
     UNION ALL SELECT t.typname || ' ' || e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
     ORDER BY 1`,
  )
  return rows.map(({ line }) => line)
}

const own =
  "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'conveyor') AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e')"

/** The change that tests of kills go through, with every way of running a statement in it. */
export const survivedChange = changeOf(
  "0002-survives",
  `summary: goes on after every kill
operations:
  - create_table: { table: app.note, columns: { id: { type: int, nullable: false } }, primary_key: [id] }
  - derive_columns:
      table: app.payment
      from: { method: text }
      to: { code: { type: int, nullable: false } }
      up: { code: "length(method)" }
      down: { method: "repeat('x', code)" }
      indexes:
        - { name: payment_code, columns: [code] }
  - add_constraint: { table: app.payment, name: payment_positive, check: id <> 0 }
`,
)
