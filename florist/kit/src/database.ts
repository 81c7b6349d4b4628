// A pool of connections to one database, with every wait bounded. Called by the directory and by the fleet.
import pg from "pg"
import { unavailable } from "./refusal.ts"

/** What a service needs of a database. */
export interface Database {
  query(text: string, values?: readonly unknown[]): Promise<Row[]>
}

/** Columns as the driver gives them: int8 and numeric as text, timestamptz as Date. The reader of a row checks. */
export type Row = Readonly<Record<string, unknown>>

export interface DatabaseOptions {
  /** For error messages: "shard s1". */
  name: string
  url: string
  size: number
}

/** Connections that stay open while nobody asks, so that a copy which traffic comes to does not have to open them first. */
const kept = 2
const connectWithinMs = 5_000
const statementWithinMs = 10_000
/** Longer than the server's own limit, for a server that no longer answers at all. */
const answerWithinMs = 12_000

export class PooledDatabase implements Database {
  readonly name: string
  readonly #pool: pg.Pool

  constructor({ name, url, size }: DatabaseOptions) {
    this.name = name
    this.#pool = new pg.Pool({
      connectionString: url,
      min: Math.min(kept, size),
      max: size,
      connectionTimeoutMillis: connectWithinMs,
      statement_timeout: statementWithinMs,
      query_timeout: answerWithinMs,
      application_name: "florist",
    })
    // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
    this.#pool.on("error", () => {})
  }

  /** @throws Refusal 503 where the database cannot be reached or does not answer in time. */
  async query(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      const { rows } = await this.#pool.query<Row>(text, [...values])
      return rows
    } catch (cause) {
      throw isOutage(cause) ? unavailable(this.name, cause) : cause
    }
  }

  /** Opens the connections that are kept. */
  async warmUp(): Promise<void> {
    await Promise.all(Array.from({ length: kept }, () => this.query("SELECT 1")))
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }
}

/** Connection failures, too many connections, shutdown, statement timeout. Errors without a SQLSTATE come from the socket. */
const outages = /^(08...|53...|57...)$/

function isOutage(cause: unknown): boolean {
  if (cause instanceof pg.DatabaseError) return outages.test(cause.code ?? "")
  return cause instanceof Error
}
