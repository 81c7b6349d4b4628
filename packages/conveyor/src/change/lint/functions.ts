// What the functions that an expression calls may do: give another value each time, act on the server, or be somebody's
// own, of which nothing is known here. Read from the parser's tree. Used by the rules for statements and expressions.
import { nodesOf } from "./sql-parser.ts"
import type { SqlTree } from "./sql-parser.ts"

/** "own": not PostgreSQL's, so only a shard's catalog knows. "acts": does more than give a value. */
export type Nature = "steady" | "changing" | "acts" | "own"

export interface Call {
  name: string
  nature: Nature
}

/** Every function called anywhere below the tree, CURRENT_DATE and its like included. */
export function callsIn(tree: unknown): Call[] {
  const calls: Call[] = []
  for (const [kind, node] of nodesOf(tree)) {
    if (kind === "FuncCall") calls.push(callOf(node))
    else if (kind === "SQLValueFunction") calls.push({ name: String(node["op"]).replace("SVFOP_", "").toLowerCase(), nature: "steady" })
  }
  return calls
}

function callOf(node: SqlTree): Call {
  const parts = ((node["funcname"] ?? []) as { String?: { sval?: string } }[]).map((part) => part.String?.sval ?? "")
  const name = parts.at(-1) ?? ""
  if (parts.length > 1 && parts[0] !== "pg_catalog") return { name: parts.join("."), nature: "own" }
  return { name, nature: changing.has(name) ? "changing" : acting.test(name) ? "acts" : "steady" }
}

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** PostgreSQL's volatile functions that give a value and do nothing else to anybody; from pg_proc of version 18. */
const changing = words(`
  array_sample array_shuffle clock_timestamp currval gen_random_uuid lastval nextval random random_normal setseed setval timeofday uuidv4 uuidv7
  txid_status pg_xact_status pg_is_in_recovery pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn pg_last_wal_replay_lsn
  pg_last_wal_receive_lsn pg_last_xact_replay_timestamp pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size
  pg_tablespace_size pg_partition_tree pg_partition_ancestors pg_sequence_last_value pg_blocking_pids pg_notify pg_jit_available`)

/** The rest of the volatile ones, by the beginnings of their names: files, locks, other sessions, replication, statistics, settings. */
const acting =
  /^(set_config$|query_to_xml|cursor_to_xml|lo_|loread$|lowrite$|ts_stat$|ts_rewrite$|dblink|brin_(de)?summarize|gin_clean|pg_(sleep|advisory|try_advisory|terminate|cancel|reload|rotate|promote|switch|backup|create|drop|copy|logical|replication|stat_reset|stat_clear|read|ls|wal_replay|export|import|log|clear|restore|sync|stop_making|extension_config|file_|nextoid|truncate|force)|binary_upgrade)/
