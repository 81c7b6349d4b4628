// What every store promises, whatever it keeps its records in: the one suite that each adapter passes, the fake too.
import assert from "node:assert/strict"
import { test } from "node:test"
import { ConveyorError } from "../kernel/errors.ts"
import type { ManualClock } from "../kernel/clock.ts"
import type { WhyIllegal } from "./records.ts"
import type { Store } from "./store.ts"

/** One state, and whoever opens it. */
export interface StoreStage {
  clock: ManualClock
  open: () => Promise<Store>
  end: () => Promise<void>
}

/** Stages go by it: "test" can never follow, whatever was before. */
export const neverTest: WhyIllegal = (_run, _before, { step }) => (step === "test" ? "it rains" : undefined)

const code = (expected: string) => (thrown: unknown) => thrown instanceof ConveyorError && thrown.code === expected
const asker = { actor: "anna", reason: undefined, proof: "control-token" }
const roses = { id: "art-1", kind: "directory", ref: "/roses" }

export function describeStore(adapter: string, makeStage: () => Promise<StoreStage>): void {
  const promises = (promise: string, body: (store: Store, stage: StoreStage) => Promise<void>) =>
    void test(`${adapter}: ${promise}`, async () => {
      const stage = await makeStage()
      const store = await stage.open()
      try {
        await store.lease.acquire()
        await body(store, stage)
      } finally {
        await store.close()
        await stage.end()
      }
    })

  promises("a commit has one version, whoever asks how often, and versions are counted", async ({ versions }) => {
    const both = await Promise.all([versions.ensure("abc", "Add roses"), versions.ensure("abc", "Add roses")])
    assert.deepEqual(
      both.map(({ name }) => name),
      ["v1", "v1"],
    )
    assert.equal((await versions.ensure("def", "Add tulips")).name, "v2")
    assert.equal((await versions.find("v2"))?.subject, "Add tulips")
    assert.equal(await versions.find("v3"), undefined)
    await assert.rejects(versions.find("tulips"), code("bad-version"))
  })

  promises("what was built, warm and stopped is kept with a version until it is said otherwise", async ({ versions }, { clock }) => {
    await versions.ensure("abc", "Add roses")
    await versions.ensure("def", "Add tulips")
    await versions.built("v1", roses, ["0001-stems"])
    await versions.keepWarm("v1", 50)
    assert.deepEqual(await versions.warm(), [await versions.find("v1")])
    assert.deepEqual(
      [(await versions.find("v1"))?.artifact, (await versions.find("v1"))?.changes, (await versions.find("v1"))?.warmUntil],
      [roses, ["0001-stems"], 50],
    )
    await clock.advance(7)
    await versions.stopped("v1")
    assert.deepEqual([(await versions.find("v1"))?.warmUntil, (await versions.find("v1"))?.stoppedAt], [undefined, clock.now()])
    await versions.keepWarm("v1", undefined)
    assert.deepEqual([await versions.warm(), (await versions.find("v1"))?.stoppedAt], [[], undefined])
  })

  promises("a record that was given is the asker's own: what is done to it reaches nobody else", async ({ versions, queue, journal }) => {
    await versions.ensure("abc", "Add roses")
    await versions.built("v1", roses, ["0001-stems"])
    const { id } = await queue.enqueue("release", "v1")
    const facts = { attempt: 1, of: ["a"] }
    await journal.record(id, "build", "started", facts)
    facts.of.push("b")
    const [given] = await journal.of(id)
    Object.assign(given?.facts ?? {}, { attempt: 9 })
    Object.assign((await versions.find("v1")) ?? {}, { subject: "Add weeds" })
    assert.deepEqual([(await journal.of(id))[0]?.facts, (await versions.find("v1"))?.subject], [{ attempt: 1, of: ["a"] }, "Add roses"])
  })

  promises(
    "an event that cannot follow is refused with the reason, and so is a new outcome of what has ended; nothing of it is written",
    async ({ versions, queue, journal }) => {
      await versions.ensure("abc", "Add roses")
      const { id } = await queue.enqueue("release", "v1")
      await assert.rejects(
        journal.record(id, "test", "started"),
        (thrown) => code("illegal-event")(thrown) && /"test started" of run 1 is not written: it rains/.test(String(thrown)),
      )
      assert.deepEqual(await journal.of(id), [])
      await queue.setState(id, "failed", "it rained")
      await assert.rejects(queue.setState(id, "promoted"), code("illegal-event"))
      assert.deepEqual([(await queue.find(id))?.state, (await queue.find(id))?.reason], ["failed", "it rained"])
    },
  )

  promises("a newer push supersedes what still waits of its branch, and nothing else", async ({ versions, queue }, { clock }) => {
    for (const commit of ["a", "b", "c"]) await versions.ensure(commit, "Add roses")
    const begun = await queue.enqueue("release", "v1", { branch: "main" })
    await queue.setState(begun.id, "running")
    const old = await queue.enqueue("release", "v1", { branch: "main" })
    const other = await queue.enqueue("release", "v2", { branch: "hotfix" })
    const byHand = await queue.enqueue("rollback", "v1")
    await clock.advance(7)
    const newest = await queue.enqueue("release", "v3", { branch: "main" })
    const states = [begun, old, other, byHand, newest].map(async ({ id }) => (await queue.find(id))?.state)
    assert.deepEqual(await Promise.all(states), ["running", "superseded", "queued", "queued", "queued"])
    const { supersededBy, reason, endedAt } = (await queue.find(old.id)) ?? {}
    assert.deepEqual([supersededBy, endedAt], [newest.id, clock.now()])
    assert.equal(reason, `v3 was pushed to main after it, and takes its place: run ${newest.id}`)
  })

  promises("a run that cannot be kept supersedes nothing and asks for nothing", async ({ versions, queue }) => {
    await versions.ensure("a", "Add roses")
    const waits = await queue.enqueue("release", "v1", { branch: "main" })
    await assert.rejects(queue.enqueue("release", "v9", { branch: "main", asker }))
    assert.deepEqual(await queue.all(), [waits])
    assert.deepEqual(await queue.requestsFor(waits.id + 1), [])
  })

  promises("runs are found by their state, and the past a page at a time", async ({ versions, queue }) => {
    await versions.ensure("a", "Add roses")
    for (let i = 0; i < 5; i++) await queue.enqueue("rollback", "v1")
    await queue.setState(2, "running")
    await queue.setState(4, "promoted")
    const ids = (runs: readonly { id: number }[]) => runs.map(({ id }) => id)
    assert.deepEqual(ids(await queue.inState("running", "promoted")), [2, 4])
    assert.deepEqual(ids(await queue.before(Number.MAX_SAFE_INTEGER, 2)), [5, 4])
    assert.deepEqual(ids(await queue.before(4, 9)), [3, 2, 1])
  })

  promises("who asked for a run is kept with it, and what was asked later about it after that", async ({ versions, queue }, { clock }) => {
    await versions.ensure("abc", "Add roses")
    const [first, second] = [await queue.enqueue("release", "v1", { asker }), await queue.enqueue("release", "v1")]
    await queue.requested({ action: "cancel", subject: `run ${first.id}`, run: first.id }, { ...asker, reason: "it rains" })
    await queue.requested({ action: "retire", subject: "v1", run: undefined }, asker)
    const at = clock.now()
    assert.deepEqual(await queue.requestsFor(first.id), [
      { seq: 1, at, action: "release", subject: "v1", run: first.id, ...asker },
      { seq: 2, at, action: "cancel", subject: `run ${first.id}`, run: first.id, ...asker, reason: "it rains" },
    ])
    assert.deepEqual(await queue.requestsFor(second.id), [])
  })

  promises("whoever opens it next finds what was written", async (store, stage) => {
    await store.versions.ensure("abc", "Add roses")
    const { id } = await store.queue.enqueue("release", "v1")
    const written = await store.journal.record(id, "build", "started", { attempt: 1 })
    const next = await stage.open()
    try {
      assert.deepEqual(await next.journal.of(id), [written])
      assert.equal((await next.queue.find(id))?.commit, "abc")
    } finally {
      await next.close()
    }
  })
}
