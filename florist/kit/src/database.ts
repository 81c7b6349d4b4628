// A pool of connections to one database, with every wait bounded, and the two ways into it: a single statement and a transaction,
// both as one shop (row-level security shows its rows alone). Called by the directory, the fleet and the relay.
import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import { unavailable } from "./refusal.ts"

/** Columns as the driver gives them: int8 and numeric as text, timestamptz as Date. The reader of a row checks. */
export type Row = Readonly<Record<string, unknown>>

/** What code that reads needs of a database. */
export interface Reader {
  query(text: string, values?: readonly unknown[]): Promise<Row[]>
}

export interface DatabaseOptions {
  /** For error messages: "shard s1". */
  name: string
  url: string
  size: number
}

export type Mode = "READ ONLY" | "READ WRITE"

const connectWithinMs = 5_000
const statementWithinMs = 10_000
/** Longer than the server's own limit, for a server that no longer answers at all. */
const answerWithinMs = 12_000
const idleForMs = 30_000
const attempts = 6

export class PooledDatabase implements Reader {
  readonly name: string
  readonly #pool: pg.Pool

  constructor({ name, url, size }: DatabaseOptions) {
    this.name = name
    this.#pool = new pg.Pool({
      connectionString: url,
      // A copy that traffic comes to does not have to open its first connection then.
      min: 1,
      max: size,
      idleTimeoutMillis: idleForMs,
      connectionTimeoutMillis: connectWithinMs,
      statement_timeout: statementWithinMs,
      query_timeout: answerWithinMs,
      application_name: "florist",
      // BEGIN, the statement and COMMIT go out together: one round trip instead of three.
      pipeline: true,
    })
    // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
    this.#pool.on("error", () => {})
  }

  /** As no shop: sees only what is not guarded by row-level security. @throws Refusal 503 where the database does not answer. */
  query(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#connected(async (client) => (await client.query<Row>(statement(text, values))).rows)
  }

  /** One statement as a shop. @throws Refusal 503 */
  queryAs(shop: number, text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#connected(async (client) => {
      const [began, asked, ended] = await Promise.allSettled([
        client.query(beginAs(shop, "READ ONLY")),
        client.query<Row>(statement(text, values)),
        client.query("COMMIT"),
      ])
      for (const step of [asked, began, ended]) if (step.status === "rejected") throw asError(step.reason)
      return asked.status === "fulfilled" ? asked.value.rows : []
    })
  }

  /**
   * A transaction as a shop, or as no shop where it sets one itself. It runs again, as a whole, where PostgreSQL gave up on it for another one's sake (deadlock,
   * serialization): `work` changes nothing but the database.
   * @throws Refusal 503, and whatever `work` throws, after a rollback.
   */
  async transaction<T>(shop: number | undefined, work: (reader: Reader) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#connected((client) => this.#once(client, shop, work))
      } catch (cause) {
        if (attempt >= attempts || !isRivalry(cause)) throw cause
        await sleep(Math.random() * 10 * 2 ** attempt)
      }
    }
  }

  async #once<T>(client: pg.PoolClient, shop: number | undefined, work: (reader: Reader) => Promise<T>): Promise<T> {
    try {
      const began = client.query(shop === undefined ? "BEGIN" : beginAs(shop, "READ WRITE"))
      // Its failure is met where it is awaited; until then it is not unhandled.
      began.catch(() => {})
      const result = await work({
        query: async (text, values = []) => {
          const asked = client.query<Row>(statement(text, values))
          asked.catch(() => {})
          await began
          return (await asked).rows
        },
      })
      await began
      const ended = await client.query("COMMIT")
      if (ended.command !== "COMMIT") throw new Error("The transaction was rolled back: a failed statement in it was passed over.")
      return result
    } catch (cause) {
      await client.query("ROLLBACK").catch(() => {})
      throw cause
    }
  }

  async #connected<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient
    try {
      client = await this.#pool.connect()
    } catch (cause) {
      throw unavailable(this.name, cause)
    }
    let broken: Error | undefined
    // Between two statements a connection may break with nobody waiting for an answer on it; without a listener that would end the process.
    client.on("error", ignore)
    try {
      return await work(client)
    } catch (cause) {
      if (!isOutage(cause)) throw cause
      broken = asError(cause)
      throw unavailable(this.name, cause)
    } finally {
      client.off("error", ignore)
      client.release(broken)
    }
  }

  /** Opens the connection that is kept. */
  async warmUp(): Promise<void> {
    await this.query("SELECT 1")
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }
}

function beginAs(shop: number, mode: Mode): string {
  if (!Number.isSafeInteger(shop)) throw new RangeError(`${shop} is not the id of a shop.`)
  return `BEGIN ${mode}; SET LOCAL florist.shop = '${shop}'`
}

/** Statements of the first few hundred texts are prepared once for each connection, so that planning is not paid each time. */
const preparedTexts = new Map<string, string>()
const mostPrepared = 400

function statement(text: string, values: readonly unknown[]): pg.QueryConfig {
  let name = preparedTexts.get(text)
  if (name === undefined && preparedTexts.size < mostPrepared) {
    name = `s${preparedTexts.size}`
    preparedTexts.set(text, name)
  }
  return { ...(name === undefined ? {} : { name }), text, values: [...values] }
}

const ignore = (): void => {}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause))
}

/** Connection failures, too many connections, shutdown, statement timeout. */
const outages = /^(08...|53...|57...)$/

function isOutage(cause: unknown): boolean {
  if (cause instanceof pg.DatabaseError) return outages.test(cause.code ?? "")
  // Errors of the driver itself come from the socket.
  return (
    cause instanceof Error &&
    (("code" in cause && typeof cause.code === "string" && /^E[A-Z]+$/.test(cause.code)) || driverOutages.test(cause.message))
  )
}

const driverOutages =
  /^(Connection terminated|Client has encountered a connection error|Query read timeout|timeout exceeded|Client was closed)/

/** Serialization failure, deadlock: the transaction as a whole may succeed another time. */
export function isRivalry(cause: unknown): boolean {
  return cause instanceof pg.DatabaseError && (cause.code === "40001" || cause.code === "40P01")
}

/** Whether a statement failed because a unique key was there already; `constraint` names it. */
export function isDuplicate(cause: unknown, constraint?: string): boolean {
  return cause instanceof pg.DatabaseError && cause.code === "23505" && (constraint === undefined || cause.constraint === constraint)
}
