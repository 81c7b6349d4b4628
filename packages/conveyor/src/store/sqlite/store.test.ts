import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { after, test } from "node:test"
import { ManualClock } from "../../kernel/time/clock.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { identify } from "../../kernel/process/process-identity.ts"
import { describeStore, neverTest } from "../store.contract.ts"
import { openSqliteStore } from "./open.ts"

const folder = mkdtempSync(join(tmpdir(), "conveyor-store-"))
after(() => rmSync(folder, { recursive: true }))
const migrations = join(import.meta.dirname, "migrations")
let count = 0
const newFile = () => join(folder, `${count++}.db`)
const storeAt = (file: string, now = 0) => openSqliteStore(file, { clock: new ManualClock(now), whyIllegal: neverTest })
const code = (expected: string) => (thrown: unknown) => thrown instanceof ConveyorError && thrown.code === expected

describeStore("one file of SQLite", async () => {
  const file = newFile()
  const clock = new ManualClock(5)
  // Both live as long as this test.
  const holders = { one: identify(process.pid), other: identify(process.ppid) }
  return {
    clock,
    open: async (as = "one") => openSqliteStore(file, { clock, whyIllegal: neverTest, holder: holders[as] ?? assert.fail() }),
    end: async () => {},
  }
})

test("a state that any earlier program wrote opens with all that it holds, what refers to it too, and goes on", async () => {
  const all = readdirSync(migrations).toSorted()
  for (let known = 1; known < all.length; known++) {
    const file = newFile()
    const raw = new DatabaseSync(file)
    for (const name of all.slice(0, known)) raw.exec(readFileSync(join(migrations, name), "utf8"))
    raw.exec(`PRAGMA user_version = ${known}; INSERT INTO version (commit_sha, subject, created_at) VALUES ('abc', 'Add roses', 1);
      INSERT INTO lease (id, token, pid, start_time, taken_at) VALUES (1, 7, 0, 'gone', 2);
      INSERT INTO release (kind, version, requested_at, state) VALUES ('release', 1, 2, 'running');
      INSERT INTO journal (release, step, event, at, fence, facts) VALUES (1, 'build', 'started', 3, 7, '{"attempt":1}')`)
    raw.close()
    const store = storeAt(file)
    assert.deepEqual([(await store.queue.find(1))?.state, (await store.journal.of(1))[0]?.facts], ["running", { attempt: 1 }])
    assert.equal(await store.lease.acquire(60_000), 8)
    assert.equal((await store.journal.record(1, "build", "succeeded")).seq, 2)
    assert.equal((await store.versions.ensure("def", "Add tulips")).name, "v2")
    await store.close()
  }
})

test("the lease of a living process is not taken, that of a dead one is", async () => {
  const file = newFile()
  await storeAt(file).close()
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" })
  const holder = identify(other.pid ?? 0)
  const raw = new DatabaseSync(file)
  raw
    .prepare("INSERT INTO lease (id, token, pid, start_time, taken_at) VALUES (1, 7, ?, ?, 0)")
    .run(holder?.pid ?? 0, holder?.startTime ?? "")
  raw.close()

  const store = storeAt(file)
  await assert.rejects(store.lease.acquire(60_000), code("lease-held"))
  const gone = new Promise((resolve) => other.once("exit", resolve))
  other.kill("SIGKILL")
  await gone
  assert.equal(await store.lease.acquire(60_000), 8)
  await store.close()
})

test("state of a newer program is refused, not misread", async () => {
  const file = newFile()
  await storeAt(file).close()
  const raw = new DatabaseSync(file)
  raw.exec("PRAGMA user_version = 99")
  raw.close()
  assert.throws(() => storeAt(file), code("newer-state"))
})

test("a state of before runs could be cancelled is brought up with every run and journal line, and references hold after it", async () => {
  const file = newFile()
  const before = new DatabaseSync(file)
  const migrations = join(import.meta.dirname, "migrations")
  for (const name of readdirSync(migrations).toSorted().slice(0, 4)) before.exec(readFileSync(join(migrations, name), "utf8"))
  before.exec("PRAGMA user_version = 4")
  before.exec("INSERT INTO version (commit_sha, subject, created_at) VALUES ('abc', 'Roses', 1)")
  before.exec("INSERT INTO release (kind, version, requested_at, state) VALUES ('release', 1, 2, 'promoted'), ('rollback', 1, 3, 'queued')")
  before.exec("INSERT INTO journal (release, step, event, at, fence, facts) VALUES (1, 'build', 'started', 4, 1, '{}')")
  before.close()

  const store = storeAt(file, 9)
  await store.lease.acquire(60_000)
  assert.deepEqual(
    (await store.queue.all()).map(({ id, kind, state, requestedAt }) => [id, kind, state, requestedAt]),
    [
      [1, "release", "promoted", 2],
      [2, "rollback", "queued", 3],
    ],
  )
  assert.equal((await store.journal.of(1)).length, 1)
  assert.equal((await store.queue.setState(2, "cancelled", "by anna")).endedAt, 9)
  assert.equal((await store.queue.enqueue("release", "v1")).id, 3)
  await assert.rejects(store.queue.enqueue("release", "v9"), /FOREIGN KEY/)
  await store.close()
})
