// The lease of a state.db that was copied is held by the original's control plane, and not by anybody of the copy. Called
// when a copy of a state directory becomes an installation of its own.
import { existsSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"

/** The fence stays, so that the next holder's is higher. Nothing where there is no state yet. */
export function forgetLeaseHolder(file: string): void {
  if (!existsSync(file)) return
  const database = new DatabaseSync(file)
  try {
    const hasLease = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'lease'").get() !== undefined
    if (hasLease) database.exec("UPDATE lease SET pid = 0, start_time = 'copied'")
  } finally {
    database.close()
  }
}
