// The ledger of uptime on disk. Written by the rounds; read for reports.
import type { DatabaseSync } from "node:sqlite"
import { inTransaction } from "../../kernel/database/database.ts"
import type { Outcome } from "../checks/check.ts"
import { observed } from "../ledger/interval.ts"
import type { Interval } from "../ledger/interval.ts"
import { toInterval } from "./rows.ts"

export class Ledger {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  observe(check: string, outcome: Outcome, at: number, silentAfterMs: number): void {
    inTransaction(this.#database, () => {
      const row = this.#database.prepare("SELECT * FROM interval WHERE check_name = ? ORDER BY from_ms DESC, id DESC LIMIT 1").get(check)
      const [first, ...rest] = observed(row && toInterval(row), outcome, at, silentAfterMs)
      if (row !== undefined && first !== undefined) {
        this.#database.prepare("UPDATE interval SET until_ms = ? WHERE id = ?").run(first.until, Number(row["id"]))
      }
      const add = this.#database.prepare("INSERT INTO interval (check_name, outcome, from_ms, until_ms) VALUES (?, ?, ?, ?)")
      const fresh = row === undefined && first !== undefined ? [first, ...rest] : rest
      for (const each of fresh) add.run(check, each.outcome, each.from, each.until)
    })
  }

  /** Those that touch the time, oldest first. */
  between(check: string, fromMs: number, untilMs: number): Interval[] {
    return this.#database
      .prepare("SELECT * FROM interval WHERE check_name = ? AND until_ms >= ? AND from_ms <= ? ORDER BY from_ms, id")
      .all(check, fromMs, untilMs)
      .map(toInterval)
  }

  /** Everything that ended before goes. */
  forgetBefore(moment: number): void {
    this.#database.prepare("DELETE FROM interval WHERE until_ms < ?").run(moment)
  }
}
