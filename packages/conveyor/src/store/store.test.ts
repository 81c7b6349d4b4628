import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
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
const migrations = join(import.meta.dirname, "migrations")
let count = 0
const newFile = () => join(folder, `${count++}.db`)
/** Refuses "test", whatever was before. */
const storeAt = (file: string, now = 0) =>
  new Store(file, new ManualClock(now), (_run, _before, { step }) => (step === "test" ? "it rains" : undefined))
const code = (expected: string) => (thrown: unknown) => thrown instanceof ConveyorError && thrown.code === expected

test("a commit has one version, and a journal survives being closed", () => {
  const file = newFile()
  const store = storeAt(file, 5)
  store.takeLease()
  const version = store.versionOf("abc", "Add roses")
  assert.equal(version.name, "v1")
  assert.equal(store.versionOf("abc", "Add roses").name, "v1")
  assert.equal(store.versionOf("def", "Add tulips").name, "v2")
  const release = store.enqueue("release", "v1")
  store.record(release.id, "build", "started", { attempt: 1 })
  store.close()

  const again = storeAt(file, 9)
  assert.deepEqual(
    again.journal(release.id).map(({ step, event, at, facts }) => ({ step, event, at, facts })),
    [{ step: "build", event: "started", at: 5, facts: { attempt: 1 } }],
  )
  again.close()
})

test("an event that cannot follow is refused with the reason, and so is a new outcome of what has ended; nothing of it is written", () => {
  const store = storeAt(newFile())
  store.takeLease()
  store.versionOf("abc", "Add roses")
  const { id } = store.enqueue("release", "v1")
  assert.throws(
    () => store.record(id, "test", "started"),
    (thrown) => code("illegal-event")(thrown) && /"test started" of run 1 is not written: it rains/.test(String(thrown)),
  )
  assert.deepEqual(store.journal(id), [])
  store.setState(id, "failed", "it rained")
  assert.throws(() => store.setState(id, "promoted"), code("illegal-event"))
  assert.deepEqual([store.release(id)?.state, store.release(id)?.reason], ["failed", "it rained"])
  store.close()
})

test("a newer push supersedes what still waits of its branch, and nothing else", () => {
  const store = storeAt(newFile(), 7)
  store.takeLease()
  for (const commit of ["a", "b", "c"]) store.versionOf(commit, "Add roses")
  const begun = store.enqueue("release", "v1", { branch: "main" })
  store.setState(begun.id, "running")
  const old = store.enqueue("release", "v1", { branch: "main" })
  const other = store.enqueue("release", "v2", { branch: "hotfix" })
  const byHand = store.enqueue("rollback", "v1")
  const newest = store.enqueue("release", "v3", { branch: "main" })
  assert.deepEqual(
    [begun, old, other, byHand, newest].map(({ id }) => store.release(id)?.state),
    ["running", "superseded", "queued", "queued", "queued"],
  )
  const { supersededBy, reason, endedAt } = store.release(old.id) ?? {}
  assert.deepEqual([supersededBy, endedAt], [newest.id, 7])
  assert.equal(reason, `v3 was pushed to main after it, and takes its place: run ${newest.id}`)
  store.close()
})

test("state of the program before is taken over whole, with all that refers to it", () => {
  const file = newFile()
  const raw = new DatabaseSync(file)
  for (const name of readdirSync(migrations)
    .filter((name) => name.endsWith(".sql"))
    .toSorted()
    .slice(0, 4))
    raw.exec(readFileSync(join(migrations, name), "utf8"))
  raw.exec(`PRAGMA user_version = 4; INSERT INTO version (commit_sha, subject, created_at) VALUES ('abc', 'Add roses', 1);
    INSERT INTO release (kind, version, requested_at, state) VALUES ('release', 1, 2, 'running');
    INSERT INTO journal (release, step, event, at, fence, facts) VALUES (1, 'build', 'started', 3, 1, '{}')`)
  raw.close()
  const store = storeAt(file)
  assert.deepEqual([store.release(1)?.state, store.journal(1).length], ["running", 1])
  store.takeLease()
  assert.equal(store.record(1, "build", "succeeded").seq, 2)
  store.close()
})

test("who asked for a run is kept with it, and what was asked later about it after that", () => {
  const store = storeAt(newFile(), 5)
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
  const first = storeAt(file)
  assert.throws(() => first.versionOf("abc", ""), code("lease-lost"))
  assert.equal(first.takeLease(), 1)
  const second = storeAt(file)
  assert.equal(second.takeLease(), 2)
  assert.throws(() => first.versionOf("abc", ""), code("lease-lost"))
  second.versionOf("abc", "")
  first.close()
  second.close()
})

test("the lease of a living process is not taken, that of a dead one is", async () => {
  const file = newFile()
  storeAt(file).close()
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" })
  const holder = identify(other.pid ?? 0)
  const raw = new DatabaseSync(file)
  raw.prepare("INSERT INTO lease VALUES (1, 7, ?, ?, 0)").run(holder?.pid ?? 0, holder?.startTime ?? "")
  raw.close()

  const store = storeAt(file)
  assert.throws(() => store.takeLease(), code("lease-held"))
  const gone = new Promise((resolve) => other.once("exit", resolve))
  other.kill("SIGKILL")
  await gone
  assert.equal(store.takeLease(), 8)
  store.close()
})

test("state of a newer program is refused, not misread", () => {
  const file = newFile()
  storeAt(file).close()
  const raw = new DatabaseSync(file)
  raw.exec("PRAGMA user_version = 99")
  raw.close()
  assert.throws(() => storeAt(file), code("newer-state"))
})

test("a state of before runs could be cancelled is brought up with every run and journal line, and references hold after it", () => {
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
  store.takeLease()
  assert.deepEqual(
    store.releases().map(({ id, kind, state, requestedAt }) => [id, kind, state, requestedAt]),
    [
      [1, "release", "promoted", 2],
      [2, "rollback", "queued", 3],
    ],
  )
  assert.equal(store.journal(1).length, 1)
  assert.equal(store.setState(2, "cancelled", "by anna").endedAt, 9)
  assert.equal(store.enqueue("release", "v1").id, 3)
  assert.throws(() => store.enqueue("release", "v9"), /FOREIGN KEY/)
  store.close()
})
