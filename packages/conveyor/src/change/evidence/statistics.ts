// pg_stat_statements as a witness: whether it is there, whether it records every statement of everybody, and where its
// views are. What is not recorded is no evidence. Called by the evidence of readers.
import { codeOf } from "../fleet/session.ts"
import type { Session } from "../fleet/session.ts"

export const thisDatabase = "(SELECT oid FROM pg_database WHERE datname = current_database())"

/** The extension may live in any schema. */
export async function statisticsViews(session: Session): Promise<{ view: string; info: string }> {
  const [row] = await session.rows<{ schema: string }>(
    "SELECT quote_ident(n.nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'",
  )
  if (row === undefined) throw new Error("pg_stat_statements is not installed")
  return { view: `${row.schema}.pg_stat_statements`, info: `${row.schema}.pg_stat_statements_info` }
}

/** Undefined where PostgreSQL records every statement here, proven by one; otherwise why it does not, and what to switch on. */
export async function missingStatistics(session: Session): Promise<string | undefined> {
  return (await unreadStatistics(session)) ?? unseen(session, (await statisticsViews(session)).view)
}

/** The same as far as settings tell: makes no statement of its own, and needs nothing of ours in the database. */
export async function unreadStatistics(session: Session): Promise<string | undefined> {
  const shard = `shard ${session.shard.name}`
  const views = await statisticsViews(session).catch(() => undefined)
  if (views === undefined) return `${shard} has no pg_stat_statements: run CREATE EXTENSION pg_stat_statements there`
  try {
    await session.rows(`SELECT 1 FROM ${views.info}`)
  } catch (thrown) {
    if (codeOf(thrown) === "55000")
      return `${shard} does not load pg_stat_statements: add it to shared_preload_libraries and restart the server`
    return `${shard} does not let this user read pg_stat_statements: GRANT pg_read_all_stats to it`
  }
  return switchedOff(session)
}

/** A setting of the server, of this database or of a role that keeps statements out of the record. */
async function switchedOff(session: Session): Promise<string | undefined> {
  const rows = await session.rows<{ name: string; setting: string; whose: string }>(
    `SELECT name, setting, '' AS whose FROM pg_settings WHERE name IN ('pg_stat_statements.track', 'pg_stat_statements.track_utility', 'compute_query_id')
     UNION ALL
     SELECT split_part(c, '=', 1), split_part(c, '=', 2), ' for ' || coalesce('role ' || r.rolname, 'database ' || d.datname, 'somebody')
     FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) c
     LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
     WHERE s.setdatabase IN (0, ${thisDatabase})`,
  )
  const wrong = rows.find(({ name, setting }) => silent[name]?.test(setting) === true)
  return wrong === undefined
    ? undefined
    : `shard ${session.shard.name} does not record all statements: ${wrong.name} = ${wrong.setting}${wrong.whose}; ${remedies[wrong.name]}`
}

const silent: Readonly<Record<string, RegExp>> = {
  "pg_stat_statements.track": /^none$/,
  "pg_stat_statements.track_utility": /^(off|false|no|0)$/,
  compute_query_id: /^(off|false|no|0)$/,
}
const remedies: Readonly<Record<string, string>> = {
  "pg_stat_statements.track": "set it to top",
  "pg_stat_statements.track_utility": "set it to on: COPY, DO, CALL and cursors are seen by it alone",
  compute_query_id: "set it to auto",
}

/** A statement that nobody else makes is made, and counted: only where the count grows is anything recorded. */
async function unseen(session: Session, view: string): Promise<string | undefined> {
  const calls = async () => {
    const [row] = await session.rows<{ calls: number }>(
      `SELECT coalesce(sum(calls), 0)::float8 AS calls FROM ${view} WHERE query LIKE '%conveyor_recorded%' AND query NOT LIKE '%pg_stat_statements%'`,
    )
    return row?.calls ?? 0
  }
  const before = await calls()
  // Its tree is told from every other by the table of ours that it names three times; names of its own are not looked at.
  await session.rows(
    "SELECT count(*) FROM conveyor.observation conveyor_recorded, conveyor.observation o2, conveyor.observation o3 WHERE o2.change = o3.change LIMIT 0",
  )
  return (await calls()) > before
    ? undefined
    : `shard ${session.shard.name} did not record a statement that was just made there: look at pg_stat_statements.track and pg_stat_statements.max`
}

/** Standbys whose readers nobody has seen: each has statistics of its own. */
export async function unseenReplicas(session: Session): Promise<string[]> {
  const rows = await session.rows<{ name: string }>(
    `SELECT coalesce(nullif(application_name, ''), client_addr::text, 'a standby') AS name FROM pg_stat_replication
     WHERE state IS NULL OR state <> 'backup'`,
  )
  return rows.map(
    ({ name }) =>
      `shard ${session.shard.name} has a standby, ${name}, and nobody has seen what is read there; if nothing is, say fleet.contract.replicas: trust`,
  )
}
