import assert from "node:assert/strict"
import { test } from "node:test"
import type { Change } from "./change.ts"
import type { ChangeEngine } from "./engine.ts"
import { createFleets } from "./fleets.ts"

const signal = new AbortController().signal
const change = (file: string): Change => {
  const name = file.slice(file.lastIndexOf("/") + 1).replace(".yml", "")
  return { name, file, digest: name, summary: "", operations: [], places: new Map() }
}

function stage() {
  const done: string[] = []
  const engine = (fleet: string): ChangeEngine =>
    ({
      status: async (changes: readonly Change[]) => {
        done.push(`${fleet} asked of ${changes.map(({ name }) => name).join(" ")}`)
        return changes.map(({ name }) => ({ change: name, readiness: "ready", contract: "none", shards: [] }))
      },
      expand: async ({ name }: Change) => void done.push(`${fleet} expands ${name}`),
      close: async () => void done.push(`${fleet} closed`),
    }) as unknown as ChangeEngine
  const fleets = createFleets([
    { name: "shops", folder: "changes/shops/", engine: engine("shops") },
    { name: "accounts", folder: "./db", engine: engine("accounts") },
  ])
  return { done, fleets }
}

test("a change is carried out on the fleet whose folder its file is in, and on no other", async () => {
  const { done, fleets } = stage()
  const run = { signal, fence: 1, onProgress: () => {} }
  await fleets.expand(change("changes/shops/0001-a.yml"), run)
  await fleets.expand(change("db/0002-b.yml"), run)
  assert.deepEqual(done, ["shops expands 0001-a", "accounts expands 0002-b"])
})

test("states of several fleets come as they were asked for, and each fleet is asked once for its own", async () => {
  const { done, fleets } = stage()
  const asked = ["changes/shops/0001-a.yml", "db/0002-b.yml", "changes/shops/0003-c.yml"].map(change)
  assert.deepEqual(
    (await fleets.status(asked, signal)).map((each) => each.change),
    ["0001-a", "0002-b", "0003-c"],
  )
  assert.deepEqual(done, ["shops asked of 0001-a 0003-c", "accounts asked of 0002-b"])
})

test("a change in no fleet's folder is refused, and the fleets are named with theirs", () => {
  const { fleets } = stage()
  const run = { signal, fence: 1, onProgress: () => {} }
  assert.throws(() => void fleets.expand(change("changes/0001-a.yml"), run), {
    code: "no-fleet",
    message: /0001-a.yml is in no fleet's folder/,
  })
})

test("all are closed", async () => {
  const { done, fleets } = stage()
  await fleets.close()
  assert.deepEqual(done, ["shops closed", "accounts closed"])
})
