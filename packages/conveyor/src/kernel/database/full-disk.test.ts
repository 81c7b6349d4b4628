import assert from "node:assert/strict"
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { fillUp, needsSmallDisk, onSmallDisk } from "@conveyor/testbed/small-disk"
import { ConveyorError } from "../errors/errors.ts"
import { roomBeside } from "../disk/room.ts"
import { inTransaction, openDatabase } from "./database.ts"

test(
  "on a full disk the journal grows into the room kept aside; past that the disk is named, and nothing is half written",
  needsSmallDisk,
  () =>
    onSmallDisk("size=16m", (disk) => {
      const file = join(disk, "state.db")
      const migrations = join(disk, "migrations")
      mkdirSync(migrations)
      const database = openDatabase(file, migrations)
      database.exec("CREATE TABLE note (text TEXT)")
      assert.equal(roomBeside(file).keep(), "whole")
      const note = database.prepare("INSERT INTO note VALUES (?)")
      const filler = fillUp(disk)

      let written = 0
      assert.throws(
        () => {
          for (;;) {
            inTransaction(database, () => note.run("x".repeat(100_000)))
            written++
          }
        },
        (thrown) => thrown instanceof ConveyorError && thrown.code === "disk-full" && thrown.message.includes(disk),
      )
      assert.ok(written >= 20, `${written} lines of 100 kB were written after the disk was full`)
      assert.deepEqual({ ...database.prepare("SELECT count(*) AS n FROM note").get() }, { n: written })

      rmSync(filler)
      inTransaction(database, () => note.run("once there is room again"))
      assert.deepEqual({ ...database.prepare("SELECT count(*) AS n FROM note").get() }, { n: written + 1 })
      database.close()
    }),
)
