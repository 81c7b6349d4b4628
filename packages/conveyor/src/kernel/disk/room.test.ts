import assert from "node:assert/strict"
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { DatabaseSync } from "node:sqlite"
import { fillUp, needsSmallDisk, onSmallDisk } from "@conveyor/testbed/small-disk"
import { writeDurably } from "./durable-file.ts"
import { ConveyorError } from "../errors/errors.ts"
import { diskFull, isDiskFull, roomBeside } from "./room.ts"

test("on a full disk what has to be written is written with the room kept aside, until that is used up too", needsSmallDisk, () =>
  onSmallDisk("size=8m", async (disk) => {
    const room = roomBeside(join(disk, "table.json"), 64 * 1024)
    assert.equal(room.keep(), "whole")
    fillUp(disk)
    await assert.rejects(writeDurably(join(disk, "without.json"), "x".repeat(30_000)), isDiskFull)
    await room.withinAsync(() => writeDurably(join(disk, "table.json"), "x".repeat(30_000)))
    assert.equal(readFileSync(join(disk, "table.json"), "utf8").length, 30_000)
    assert.equal(readdirSync(join(disk, "reserve")).length, 3)

    const tooMuch = room.withinAsync(() => writeDurably(join(disk, "table.json"), "y".repeat(4_000_000)))
    await assert.rejects(
      tooMuch,
      (thrown) => thrown instanceof ConveyorError && thrown.code === "disk-full" && /kB.* free/.test(thrown.message),
    )
    assert.equal(readFileSync(join(disk, "table.json"), "utf8").length, 30_000, "what was there stays whole")
    assert.deepEqual(readdirSync(disk).toSorted(), ["filler", "reserve", "table.json"], "nothing half written stays in the way")

    rmSync(join(disk, "filler"))
    assert.equal(room.keep(), "whole", "room is kept again as soon as there is any")
  }),
)

test("where no inode is left a file can be written still", needsSmallDisk, () =>
  onSmallDisk("size=8m,nr_inodes=16", async (disk) => {
    const room = roomBeside(join(disk, "table.json"), 64 * 1024)
    assert.equal(room.keep(), "whole")
    for (let n = 0; ; n++) {
      try {
        writeFileSync(join(disk, `small-${n}`), "")
      } catch {
        break
      }
    }
    await room.withinAsync(() => writeDurably(join(disk, "table.json"), "{}"))
    assert.equal(readFileSync(join(disk, "table.json"), "utf8"), "{}")
  }),
)

test("room is not kept where that would take from others", needsSmallDisk, () =>
  onSmallDisk("size=1m", (disk) => {
    assert.equal(roomBeside(join(disk, "table.json")).keep(), "short")
    assert.equal(existsSync(join(disk, "reserve", "0")), false)
  }),
)

test("a database that cannot grow says that the disk is full", needsSmallDisk, () =>
  onSmallDisk("size=1m", (disk) => {
    const database = new DatabaseSync(join(disk, "state.db"))
    database.exec("CREATE TABLE row (text TEXT)")
    const insert = database.prepare("INSERT INTO row VALUES (?)")
    assert.throws(() => {
      for (;;) insert.run("x".repeat(10_000))
    }, isDiskFull)
    database.close()
  }),
)

test("an error is a full disk's also where it is only the cause of another, and no other error is", () => {
  const cause = Object.assign(new Error("no space left"), { code: "ENOSPC" })
  assert.equal(isDiskFull(new Error("could not copy", { cause })), true)
  assert.equal(isDiskFull(diskFull("/", cause)), true)
  assert.equal(isDiskFull(Object.assign(new Error("denied"), { code: "EACCES" })), false)
})
