// Opens a file of SQLite and brings it to the newest of its numbered migrations. Called by whoever keeps one: the store, the watch.
import { closeSync, openSync, readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { ConveyorError } from "../errors/errors.ts"
import { roomBeside } from "../disk/room.ts"
import type { Room } from "../disk/room.ts"

/** What is kept aside for a database, so that its journal can be written when the disk is full. */
const rooms = new WeakMap<DatabaseSync, Room>()

/** `migrations`: the folder of NNNN-*.sql files. @throws ConveyorError "newer-state", "broken-state" */
export function openDatabase(file: string, migrations: string): DatabaseSync {
  // Made before SQLite would make it, for its owner's eyes alone: the files beside it get its mode.
  closeSync(openSync(file, "a", 0o600))
  const database = new DatabaseSync(file)
  // FULL: a journal line that was committed is on disk before the effect it announces begins.
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000")
  rooms.set(database, roomBeside(file))
  // A table that is made anew keeps what refers to it only while nobody looks; migrate looks at the end.
  database.exec("PRAGMA foreign_keys = OFF")
  migrate(database, file, migrations)
  database.exec("PRAGMA foreign_keys = ON")
  return database
}

/**
 * Runs `work` in one transaction that holds the write lock from its start; again from its start where room had to be made.
 * @throws ConveyorError "disk-full" where what is kept aside is used up too.
 */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  const room = rooms.get(database)
  return room === undefined ? once(database, work) : room.within(() => once(database, work))
}

function once<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE")
  try {
    const result = work()
    database.exec("COMMIT")
    return result
  } catch (thrown) {
    // A full disk has rolled it back already, and a second time would hide why.
    if (database.isTransaction) database.exec("ROLLBACK")
    throw thrown
  }
}

function migrate(database: DatabaseSync, file: string, folder: string): void {
  const migrations = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .toSorted()
  inTransaction(database, () => {
    const done = Number(database.prepare("PRAGMA user_version").get()?.["user_version"])
    if (done > migrations.length) {
      throw new ConveyorError(
        "newer-state",
        `${file} was written by a newer conveyor: its schema is ${done}, this program knows ${migrations.length}`,
        {
          facts: { file, found: done, known: migrations.length },
          hint: "Install the newer conveyor again, or give this one a state directory of its own.",
        },
      )
    }
    for (const name of migrations.slice(done)) database.exec(readFileSync(join(folder, name), "utf8"))
    const broken = done === migrations.length ? [] : database.prepare("PRAGMA foreign_key_check").all()
    if (broken.length > 0) throw new ConveyorError("broken-state", `${file} refers to what it does not hold`, { facts: { file, broken } })
    database.exec(`PRAGMA user_version = ${migrations.length}`)
  })
}
