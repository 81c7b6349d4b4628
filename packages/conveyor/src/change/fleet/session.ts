// One dedicated connection to a shard, in a known state. Engine code talks to PostgreSQL only through it.
import pg from "pg"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { ownMark } from "./mark.ts"
import type { ShardSpec } from "./shard.ts"

type Row = Record<string, unknown>

/** Runs statements on one shard. Values travel as parameters, never inside the text. */
export interface Session {
  readonly shard: ShardSpec
  /** The server process behind the connection. */
  readonly pid: number
  rows<T extends object = Row>(sql: string, values?: readonly unknown[]): Promise<T[]>
  /** Number of rows that the statement touched. */
  execute(sql: string, values?: readonly unknown[]): Promise<number>
  transaction<T>(work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface SessionOptions {
  connectMs: number
  signal: AbortSignal
}

export async function openSession(shard: ShardSpec, options: SessionOptions): Promise<Session> {
  options.signal.throwIfAborted()
  const client = new pg.Client({
    connectionString: shard.url,
    connectionTimeoutMillis: options.connectMs,
    application_name: "conveyor",
    keepAlive: true,
  })
  // A connection that breaks while idle is noticed by the next statement.
  client.on("error", () => {})
  await client.connect()
  try {
    await client.query(settings)
    // Without it a server process goes on with a long statement after its client was killed.
    await client.query("SET client_connection_check_interval = '1s'").catch(() => {})
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")
    return new PgSession(shard, client, rows[0]?.pid ?? 0, options)
  } catch (thrown) {
    await client.end()
    throw thrown
  }
}

/** The same everywhere, so that text forms of values, and what a statement may wait for, do not depend on the server's settings. */
const settings = `
  SET search_path = pg_catalog; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'iso_8601'; SET TimeZone = 'UTC'; SET extra_float_digits = 1;
  SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = '60s';
  SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; SET client_min_messages = 'warning'; SET row_security = off`

class PgSession implements Session {
  readonly shard: ShardSpec
  readonly pid: number
  readonly #client: pg.Client
  readonly #options: SessionOptions

  constructor(shard: ShardSpec, client: pg.Client, pid: number, options: SessionOptions) {
    this.shard = shard
    this.pid = pid
    this.#client = client
    this.#options = options
  }

  async rows<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.#query(sql, values)).rows as T[]
  }

  async execute(sql: string, values: readonly unknown[] = []): Promise<number> {
    return (await this.#query(sql, values)).rowCount ?? 0
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.#query("BEGIN", [])
    try {
      const result = await work()
      await this.#query("COMMIT", [])
      return result
    } catch (thrown) {
      // The first failure is the one to tell; a broken connection rolls back by itself.
      await this.#client.query("ROLLBACK").catch(() => {})
      throw thrown
    }
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {})
  }

  async #query(sql: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    const { signal } = this.#options
    signal.throwIfAborted()
    const onAbort = () => void this.#cancel()
    signal.addEventListener("abort", onAbort, { once: true })
    try {
      const marked = `${sql} ${ownMark}`
      return await (values.length === 0 ? this.#client.query(marked) : this.#client.query(marked, [...values]))
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      throw thrown
    } finally {
      signal.removeEventListener("abort", onAbort)
    }
  }

  /** A statement can run for hours; when the caller gives up, the server has to hear of it. */
  async #cancel(): Promise<void> {
    const messenger = new pg.Client({ connectionString: this.shard.url, connectionTimeoutMillis: this.#options.connectMs })
    messenger.on("error", () => {})
    try {
      await messenger.connect()
      await messenger.query("SELECT pg_cancel_backend($1)", [this.pid])
    } catch {
      // The server is gone, and the statement with it.
    } finally {
      await messenger.end().catch(() => {})
    }
  }
}

/** PostgreSQL's code of a failure, such as "55P03", or the system's, such as "ECONNREFUSED". */
export function codeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as { code?: unknown }).code : undefined
  return typeof code === "string" ? code : undefined
}

const lockNotAvailable = "55P03"
export const queryCancelled = "57014"

const contended = new Set([lockNotAvailable, "40P01", "40001"])
const lost = new Set([
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
])

/** Somebody else holds what was asked for. */
export const isContended = (thrown: unknown): boolean => contended.has(codeOf(thrown) ?? "")

/** The server or the way to it went away; the same work on a new connection may succeed. */
export function isConnectionLost(thrown: unknown): boolean {
  if (thrown instanceof ConveyorError) return false
  const code = codeOf(thrown)
  if (code !== undefined && (lost.has(code) || code.startsWith("08"))) return true
  if (thrown instanceof AggregateError) return thrown.errors.every(isConnectionLost)
  return /Connection terminated|timeout expired|not queryable|Client has encountered a connection error/i.test(describe(thrown))
}
