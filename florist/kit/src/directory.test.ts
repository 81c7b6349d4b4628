import assert from "node:assert/strict"
import { test } from "node:test"
import type { Reader, Row } from "./database.ts"
import { Directory } from "./directory.ts"
import { unavailable } from "./refusal.ts"

test("a known shop is served from memory, within a minute and while the directory is down", async () => {
  const { directory, state } = directoryOf([shopRow(1)])
  assert.equal((await directory.shop(1)).shard.name, "s1")
  state.rows = "down"
  assert.equal((await directory.shop(1)).name, "Shop 1")
  state.now += 61_000
  assert.equal((await directory.shop(1)).name, "Shop 1")
})

test("a shop that was opened a moment ago is found at once", async () => {
  const { directory, state } = directoryOf([shopRow(1)])
  await directory.shop(1)
  state.rows = [shopRow(1), shopRow(2)]
  assert.equal((await directory.shop(2)).id, 2)
})

test("a moved shop is found on its new shard after a minute", async () => {
  const { directory, state } = directoryOf([shopRow(1)])
  await directory.shop(1)
  state.rows = [{ ...shopRow(1), shard: "s2" }]
  state.now += 61_000
  await directory.shop(1)
  await new Promise(setImmediate)
  assert.equal((await directory.shop(1)).shard.name, "s2")
})

test("an unknown shop is a 404, an unread directory a 503", async () => {
  const { directory, state } = directoryOf([])
  await assert.rejects(directory.shop(7), { status: 404 })
  const fresh = directoryOf("down").directory
  await assert.rejects(fresh.shop(7), { status: 503 })
  state.rows = "down"
  await assert.rejects(directory.shop(8), { status: 503 })
})

test("a shard is there before it keeps a shop, and counts once by whatever names", async () => {
  const { directory } = directoryOf([
    { name: "s1", url: "postgres://localhost/s1" },
    { name: "s2", url: "postgres://localhost/s2" },
    { name: "s2-again", url: "postgres://localhost/s2" },
  ])
  assert.deepEqual(
    (await directory.shards()).map(({ url }) => url),
    ["postgres://localhost/s1", "postgres://localhost/s2"],
  )
})

type State = { rows: Row[] | "down"; now: number }

function directoryOf(rows: State["rows"]): { directory: Directory; state: State } {
  const state: State = { rows, now: 0 }
  const database: Reader = {
    async query(_text, [id] = []) {
      if (state.rows === "down") throw unavailable("The directory", new Error("down"))
      return id === undefined ? state.rows : state.rows.filter((row) => row.id === `${id as number}`)
    },
  }
  return { directory: new Directory({ database, now: () => state.now }), state }
}

function shopRow(id: number): Row {
  return { id: String(id), name: `Shop ${id}`, city: "Tver", shard: "s1", url: "postgres://localhost/s1" }
}
