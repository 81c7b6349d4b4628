// Opens a store that is one file of SQLite, and brings it to the newest of its migrations. Called by wiring/ and by tests.
import { fileURLToPath } from "node:url"
import type { Clock } from "../../kernel/time/clock.ts"
import { openDatabase } from "../../kernel/database/database.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { identify } from "../../kernel/process/process-identity.ts"
import type { ProcessIdentity } from "../../kernel/process/process-identity.ts"
import type { WhyIllegal } from "../records.ts"
import type { Store } from "../store.ts"
import { sqliteJournal } from "./journal.ts"
import { sqliteLease } from "./lease.ts"
import { sqliteQueue } from "./queue.ts"
import { Session } from "./session.ts"
import { sqliteVersions } from "./versions.ts"

const migrations = fileURLToPath(new URL("migrations", import.meta.url))

export interface StoreOptions {
  clock: Clock
  /** What a run's journal may hold next: a line that could not have happened is never written. */
  whyIllegal: WhyIllegal
  /** Who takes the lease; without it this process. */
  holder?: ProcessIdentity
}

/** @throws ConveyorError "newer-state", "broken-state" */
export function openSqliteStore(file: string, { clock, whyIllegal, holder = thisProcess() }: StoreOptions): Store {
  const session = new Session(openDatabase(file, migrations), clock)
  return {
    journal: sqliteJournal(session, whyIllegal),
    versions: sqliteVersions(session),
    queue: sqliteQueue(session),
    lease: sqliteLease(session, holder),
    close: async () => session.close(),
  }
}

function thisProcess(): ProcessIdentity {
  const self = identify(process.pid)
  if (self !== undefined) return self
  throw new ConveyorError("no-identity", "this process cannot find itself in the process table")
}
