// watch.db: all that the watch has to remember over a restart. One writer, the watch that is up; made by whoever starts it.
import type { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { openDatabase } from "../../kernel/database/database.ts"
import { Heartbeats } from "./heartbeats.ts"
import { Incidents } from "./incidents.ts"
import { Ledger } from "./ledger.ts"
import { Messages } from "./messages.ts"
import { Silences } from "./silences.ts"
import { Standings } from "./standings.ts"
import { Traffic } from "./traffic.ts"

const migrations = fileURLToPath(new URL("migrations", import.meta.url))

export class Book {
  readonly #database: DatabaseSync
  readonly standings: Standings
  readonly ledger: Ledger
  readonly incidents: Incidents
  readonly messages: Messages
  readonly silences: Silences
  readonly heartbeats: Heartbeats
  readonly traffic: Traffic

  /** @throws ConveyorError "newer-state" where a newer program has written it. */
  constructor(file: string) {
    this.#database = openDatabase(file, migrations)
    // A crash of the machine may cost the last findings, which the next ones repeat; one of the program costs nothing. With FULL each
    // of hundreds of findings a second would wait for the disk.
    this.#database.exec("PRAGMA synchronous = NORMAL")
    this.standings = new Standings(this.#database)
    this.ledger = new Ledger(this.#database)
    this.incidents = new Incidents(this.#database)
    this.messages = new Messages(this.#database)
    this.silences = new Silences(this.#database)
    this.heartbeats = new Heartbeats(this.#database)
    this.traffic = new Traffic(this.#database)
  }

  close(): void {
    this.#database.close()
  }
}
