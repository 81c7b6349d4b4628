import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { after, test } from "node:test"
import { ManualClock } from "../kernel/clock.ts"
import { ConveyorError } from "../kernel/errors.ts"
import { identify } from "../kernel/process-identity.ts"
import { Store } from "./store.ts"

const folder = mkdtempSync(join(tmpdir(), "conveyor-store-"))
after(() => rmSync(folder, { recursive: true }))
let count = 0
const newFile = () => join(folder, `${count++}.db`)
const code = (expected: string) => (thrown: unknown) => thrown instanceof ConveyorError && thrown.code === expected

test("a commit has one version, and a journal survives being closed", () => {
  const file = newFile()
  const store = new Store(file, new ManualClock(5))
  store.takeLease()
  const version = store.versionOf("abc", "Add roses")
  assert.equal(version.name, "v1")
  assert.equal(store.versionOf("abc", "Add roses").name, "v1")
  assert.equal(store.versionOf("def", "Add tulips").name, "v2")
  const release = store.enqueue("release", "v1")
  store.record(release.id, "build", "started", { attempt: 1 })
  store.close()

  const again = new Store(file, new ManualClock(9))
  assert.deepEqual(
    again.journal(release.id).map(({ step, event, at, facts }) => ({ step, event, at, facts })),
    [{ step: "build", event: "started", at: 5, facts: { attempt: 1 } }],
  )
  again.close()
})

test("who asked for a run is kept with it, and what was asked later about it after that", () => {
  const store = new Store(newFile(), new ManualClock(5))
  store.takeLease()
  store.versionOf("abc", "Add roses")
  const asker = { actor: "anna", reason: undefined, proof: "control-token" }
  const [first, second] = [store.enqueue("release", "v1", { asker }), store.enqueue("release", "v1")]
  store.requested({ action: "cancel", subject: `run ${first.id}`, run: first.id }, { ...asker, reason: "it rains" })
  store.requested({ action: "retire", subject: "v1", run: undefined }, asker)
  assert.deepEqual(store.requestsFor(first.id), [
    { seq: 1, at: 5, action: "release", subject: "v1", run: first.id, ...asker },
    { seq: 2, at: 5, action: "cancel", subject: `run ${first.id}`, run: first.id, ...asker, reason: "it rains" },
  ])
  assert.deepEqual(store.requestsFor(second.id), [])
  store.close()
})

test("who never took the lease cannot write, and who lost it cannot write any more", () => {
  const file = newFile()
  const first = new Store(file, new ManualClock())
  assert.throws(() => first.versionOf("abc", ""), code("lease-lost"))
  assert.equal(first.takeLease(), 1)
  const second = new Store(file, new ManualClock())
  assert.equal(second.takeLease(), 2)
  assert.throws(() => first.versionOf("abc", ""), code("lease-lost"))
  second.versionOf("abc", "")
  first.close()
  second.close()
})

test("the lease of a living process is not taken, that of a dead one is", async () => {
  const file = newFile()
  new Store(file, new ManualClock()).close()
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" })
  const holder = identify(other.pid ?? 0)
  const raw = new DatabaseSync(file)
  raw.prepare("INSERT INTO lease VALUES (1, 7, ?, ?, 0)").run(holder?.pid ?? 0, holder?.startTime ?? "")
  raw.close()

  const store = new Store(file, new ManualClock())
  assert.throws(() => store.takeLease(), code("lease-held"))
  const gone = new Promise((resolve) => other.once("exit", resolve))
  other.kill("SIGKILL")
  await gone
  assert.equal(store.takeLease(), 8)
  store.close()
})

test("state of a newer program is refused, not misread", () => {
  const file = newFile()
  new Store(file, new ManualClock()).close()
  const raw = new DatabaseSync(file)
  raw.exec("PRAGMA user_version = 99")
  raw.close()
  assert.throws(() => new Store(file, new ManualClock()), code("newer-state"))
})
