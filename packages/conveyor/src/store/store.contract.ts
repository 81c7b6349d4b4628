// What every store promises, whatever it keeps its records in: the one suite that each adapter passes, the fake too.
import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { ConveyorError } from "../kernel/errors/errors.ts"
import type { ManualClock } from "../kernel/time/clock.ts"
import type { WhyIllegal } from "./records.ts"
import type { Store } from "./store.ts"

/** One state, and whoever opens it. */
export interface StoreStage {
  clock: ManualClock
  /** Two that both live: what one holds the other cannot take before its time. */
  open: (as?: "one" | "other") => Promise<Store>
  end: () => Promise<void>
}

/** Stages go by it: "test" can never follow, whatever was before. */
export const neverTest: WhyIllegal = (_run, _before, { step }) => (step === "test" ? "it rains" : undefined)

const leaseMs = 1_000
const code = (expected: string) => (thrown: unknown) => thrown instanceof ConveyorError && thrown.code === expected
const asker = { actor: "anna", reason: undefined, proof: "control-token" }
const roses = { id: "art-1", kind: "directory", ref: "/roses" }

export function describeStore(adapter: string, makeStage: () => Promise<StoreStage>): void {
  const promises = (promise: string, body: (store: Store, stage: StoreStage) => Promise<void>) =>
    void test(`${adapter}: ${promise}`, async () => {
      const stage = await makeStage()
      const store = await stage.open()
      try {
        await store.lease.acquire(leaseMs)
        await body(store, stage)
      } finally {
        await store.close()
        await stage.end()
      }
    })

  promises("a commit whose copies are told something else is another version, and each keeps what it is told", async ({ versions }) => {
    const [one, other] = ["one", "other"].map((id) => ({ id, names: { "web/TOKEN": id } }))
    const asked = [undefined, one, other, one, undefined]
    const names = []
    for (const environment of asked) names.push((await versions.ensure("abc", "Add roses", environment)).name)
    assert.deepEqual(names, ["v1", "v2", "v3", "v2", "v1"])
    assert.deepEqual((await versions.find("v2"))?.environment, one)
    assert.equal((await versions.find("v1"))?.environment, undefined)
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

  promises("what is looked up is what reading everything would find", async ({ versions, queue }) => {
    const changes = [[], ["a"], undefined, ["a"], ["a", "b"], [], undefined, ["b"]]
    for (const [i, each] of changes.entries()) {
      const { name } = await versions.ensure(`commit ${i}`, "")
      if (each !== undefined) await versions.built(name, roses, each)
      await queue.enqueue("release", i % 2 === 0 ? "v1" : name)
    }
    const names = (found: readonly ({ name: string } | undefined)[]) => found.map((each) => each?.name)
    assert.deepEqual(names(await versions.oneOfEachChanges()), ["v1", "v2", "v5", "v8"])
    const one = [
      await versions.newestBuilt(),
      await versions.newestWith("a"),
      await versions.newestWith("c"),
      await versions.ofCommit("commit 2"),
    ]
    assert.deepEqual(names(one), ["v8", "v5", undefined, "v3"])
    assert.deepEqual(names(await versions.newest(3)), ["v6", "v7", "v8"])
    assert.deepEqual(
      (await queue.ofVersion("v1")).map(({ id }) => id),
      [1, 3, 5, 7],
    )
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

  promises(
    "who never took the lease cannot write, and who was followed cannot write any more, nor renew",
    async (first, { open, clock }) => {
      const second = await open("other")
      try {
        await assert.rejects(second.versions.ensure("abc", ""), code("lease-lost"))
        await assert.rejects(second.lease.acquire(leaseMs), code("lease-held"))
        await first.versions.ensure("abc", "")
        await clock.advance(leaseMs)
        assert.equal(await second.lease.acquire(leaseMs), 2)
        for (const write of writesOf(first)) await assert.rejects(write, code("lease-lost"))
        await assert.rejects(first.lease.renew(leaseMs), code("lease-lost"))
        assert.deepEqual([await second.queue.all(), (await second.versions.all()).length], [[], 1])
        await second.versions.ensure("def", "")
      } finally {
        await second.close()
      }
    },
  )

  promises(
    "a lease that is renewed does not run out; one that is released is free at once, and its holder writes no more",
    async (first, stage) => {
      const second = await stage.open("other")
      try {
        await stage.clock.advance(leaseMs - 1)
        await first.lease.renew(leaseMs)
        await stage.clock.advance(leaseMs - 1)
        await assert.rejects(second.lease.acquire(leaseMs), code("lease-held"))
        await first.lease.release()
        await assert.rejects(first.versions.ensure("abc", ""), code("lease-lost"))
        assert.equal(await second.lease.acquire(leaseMs), 2)
        await first.lease.release()
        await second.versions.ensure("abc", "")
      } finally {
        await second.close()
      }
    },
  )

  promises(
    "past its time, and nobody took it, its holder goes on: a machine that stalled has lost nothing",
    async ({ lease, versions }, { clock }) => {
      await clock.advance(leaseMs * 9)
      await versions.ensure("abc", "")
      await lease.renew(leaseMs)
    },
  )

  void test(`${adapter}: whatever two do and however time goes, only whoever took the lease last writes, and each fence is higher than the one before`, async () => {
    const act = fc.record({
      who: fc.constantFrom("one", "other"),
      does: fc.constantFrom("acquire", "renew", "release", "write"),
      after: fc.nat(leaseMs),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
        const stage = await makeStage()
        const stores = { one: await stage.open("one"), other: await stage.open("other") }
        let holder: { who: "one" | "other"; until: number } | undefined
        let fence = 0
        let writes = 0
        try {
          for (const { who, does, after } of acts) {
            await stage.clock.advance(after)
            const now = stage.clock.now()
            const isHolder = holder?.who === who
            const { lease, versions } = stores[who]
            if (does === "acquire") {
              const mayTake = holder === undefined || isHolder || holder.until <= now
              const taken = await lease.acquire(leaseMs).catch((thrown: unknown) => assert.ok(code("lease-held")(thrown)))
              assert.equal(taken !== undefined, mayTake)
              if (taken === undefined) continue
              assert.ok(taken > fence)
              fence = taken
              holder = { who, until: now + leaseMs }
            } else if (does === "release") {
              await lease.release()
              if (isHolder) holder = undefined
            } else {
              const wrote = does === "renew" ? lease.renew(leaseMs) : versions.ensure(`commit ${writes + 1}`, "")
              const isDone = await wrote.then(
                () => true,
                (thrown: unknown) => !code("lease-lost")(thrown),
              )
              assert.equal(isDone, isHolder)
              if (isDone && does === "write") writes++
              if (isDone && does === "renew" && holder !== undefined) holder.until = now + leaseMs
            }
          }
          assert.equal((await stores.one.versions.all()).length, writes)
        } finally {
          for (const store of Object.values(stores)) await store.close()
          await stage.end()
        }
      }),
      { numRuns: 25 },
    )
  })
}

/** Each of them, so that none is without its fence. */
function* writesOf({ versions, queue, journal }: Store): Generator<Promise<unknown>> {
  yield versions.ensure("xyz", "")
  yield versions.built("v1", roses, [])
  yield versions.keepWarm("v1", 5)
  yield versions.stopped("v1")
  yield queue.enqueue("release", "v1")
  yield queue.setState(1, "running")
  yield queue.requested({ action: "retire", subject: "v1", run: undefined }, asker)
  yield journal.record(1, "build", "started")
}
