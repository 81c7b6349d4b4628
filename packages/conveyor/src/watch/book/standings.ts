// How each check stands, over restarts. Written by the rounds after each finding.
import type { DatabaseSync } from "node:sqlite"
import type { Judged } from "../judgement/judge.ts"
import type { Row } from "../../kernel/database/columns.ts"

export interface Standing {
  check: string
  judged: Judged
  /** What was found last, and when. */
  summary: string
  foundAt: number
  /** Since when it stands as it does. */
  since: number
}

export class Standings {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  all(): Standing[] {
    return this.#database.prepare("SELECT * FROM standing ORDER BY check_name").all().map(toStanding)
  }

  keep({ check, judged, summary, foundAt, since }: Standing): void {
    this.#database
      .prepare("INSERT OR REPLACE INTO standing (check_name, judged, summary, found_at, since) VALUES (?, ?, ?, ?, ?)")
      .run(check, JSON.stringify(judged), summary, foundAt, since)
  }

  /** Of a check that is no more. */
  forget(check: string): void {
    this.#database.prepare("DELETE FROM standing WHERE check_name = ?").run(check)
  }
}

const toStanding = (row: Row): Standing => ({
  check: String(row["check_name"]),
  judged: JSON.parse(String(row["judged"])) as Judged,
  summary: String(row["summary"]),
  foundAt: Number(row["found_at"]),
  since: Number(row["since"]),
})
