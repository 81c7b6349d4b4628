// One open state.db: reads, and writes that carry the fence of whoever holds the lease. Shared by the adapters beside it.
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { Clock } from "../../kernel/time/clock.ts"
import { inTransaction } from "../../kernel/database/database.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { leaseLost } from "../lease-errors.ts"
import type { Row } from "../../kernel/database/columns.ts"

type Value = string | number | null

export class Session {
  readonly clock: Clock
  /** The fencing token of this process, once it holds the lease. */
  token: number | undefined
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync, clock: Clock) {
    this.#database = database
    this.clock = clock
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#prepared(sql).all(...values)
  }

  first(sql: string, ...values: Value[]): Row | undefined {
    return this.#prepared(sql).get(...values)
  }

  /** @throws ConveyorError "no-such-record" */
  one(sql: string, ...values: Value[]): Row {
    const row = this.first(sql, ...values)
    if (row !== undefined) return row
    throw new ConveyorError("no-such-record", `state.db has no record for ${values.join(", ")}`, { facts: { sql, values } })
  }

  /** Gives the row's number, where one was inserted. */
  run(sql: string, ...values: Value[]): number {
    return Number(this.#prepared(sql).run(...values).lastInsertRowid)
  }

  transaction<T>(work: () => T): T {
    return inTransaction(this.#database, work)
  }

  /** One transaction; whoever lost the lease cannot write any more. @throws ConveyorError "lease-lost" */
  write<T>(work: (fence: number) => T): T {
    return this.transaction(() => {
      const current = Number(this.first("SELECT token FROM lease")?.["token"] ?? 0)
      if (this.token === current) return work(current)
      throw leaseLost(this.token, current)
    })
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}
