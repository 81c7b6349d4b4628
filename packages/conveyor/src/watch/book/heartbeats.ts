// When what reports by itself did so last. Written through the API; read by the heartbeat checks.
import type { DatabaseSync } from "node:sqlite"

export class Heartbeats {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  beat(name: string, at: number): void {
    this.#database.prepare("INSERT OR REPLACE INTO heartbeat (name, at) VALUES (?, ?)").run(name, at)
  }

  lastOf(name: string): number | undefined {
    const row = this.#database.prepare("SELECT at FROM heartbeat WHERE name = ?").get(name)
    return row === undefined ? undefined : Number(row["at"])
  }
}
