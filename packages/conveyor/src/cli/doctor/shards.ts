// Whether each shard answers, is new enough, and gives the role what changes need: a schema of its own, and tables that
// it may alter. Called by doctor.ts.
import { Client } from "pg"
import type { Config } from "../../config/config.ts"
import { fleetsOf } from "../../config/fleets.ts"
import { describe } from "../../kernel/errors/errors.ts"
import { attention, fails, fine } from "./finding.ts"
import type { Finding } from "./finding.ts"

const answersWithinMs = 5_000
const atOnce = 8
const oldestServer = 150_000
const skewMs = 5_000

export interface Shard {
  name: string
  url: string
}

export async function shardFindings(config: Config, now: () => number): Promise<Finding[]> {
  const shards = fleetsOf(config).flatMap((fleet) => Object.entries(fleet.shards).map(([name, url]) => ({ name, url: url.reveal() })))
  const findings: Finding[] = []
  for (let i = 0; i < shards.length; i += atOnce)
    findings.push(...(await Promise.all(shards.slice(i, i + atOnce).map((shard) => shardFinding(shard, now)))))
  return findings
}

export interface Seen {
  role: string
  version: number
  is_replica: boolean
  may_create: boolean
  statements: boolean
  /** Tables that the role does not own. */
  foreign_tables: number
  now: number
}

const look = `
  SELECT current_user AS role, current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS is_replica,
         coalesce(has_schema_privilege(to_regnamespace('conveyor')::oid, 'CREATE'),
                  has_database_privilege(current_database(), 'CREATE')) AS may_create,
         EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') AS statements,
         (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'conveyor')
             AND NOT pg_has_role(c.relowner, 'USAGE'))::int AS foreign_tables,
         (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`

async function shardFinding({ name, url }: Shard, now: () => number): Promise<Finding> {
  const what = `shard ${name}`
  const client = new Client({ connectionString: url, connectionTimeoutMillis: answersWithinMs, query_timeout: answersWithinMs })
  client.on("error", () => {})
  try {
    await client.connect()
    const before = now()
    const { rows } = await client.query<Seen>(look)
    const [seen] = rows
    if (seen === undefined) return fails(what, "it answers nothing", "Is it PostgreSQL?")
    return judgeShard(what, seen, { before, after: now() })
  } catch (thrown) {
    return fails(
      what,
      `does not answer as it should: ${describe(thrown)}`,
      "Is the server up, and are host, role, password and database of its URL right?",
    )
  } finally {
    await client.end().catch(() => {})
  }
}

export function judgeShard(what: string, seen: Seen, { before, after }: { before: number; after: number }): Finding {
  const version = `PostgreSQL ${Math.floor(seen.version / 10_000)}`
  if (seen.version < oldestServer) return fails(what, `${version} is older than 15`, "Upgrade the server.")
  if (seen.is_replica) return fails(what, "is a replica, and takes no change", "Name the primary in its URL.")
  if (!seen.may_create) {
    return fails(what, `the role ${seen.role} may not make the schema \`conveyor\``, `GRANT CREATE ON DATABASE … TO ${seen.role}`)
  }
  const skew = Math.max(before - seen.now, seen.now - after)
  if (skew > skewMs)
    return attention(what, `its clock is ${Math.round(skew / 1_000)} s off from this machine's`, "Set both by the same time servers.")
  if (seen.foreign_tables > 0) {
    const says = `${seen.role} does not own ${seen.foreign_tables} of the tables: changes of those will fail`
    return attention(what, says, `Make it a member of the role that owns them: GRANT <owner> TO ${seen.role}`)
  }
  if (!seen.statements) {
    const next = "shared_preload_libraries = 'pg_stat_statements', then CREATE EXTENSION pg_stat_statements."
    return attention(what, `${version}, without pg_stat_statements: whether anybody still reads what a contract drops cannot be seen`, next)
  }
  return fine(what, `${version}, and ${seen.role} may make changes`)
}
