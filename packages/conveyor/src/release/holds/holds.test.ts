import assert from "node:assert/strict"
import { test } from "node:test"
import { Rehearsal } from "../rehearsal.ts"
import { standingHolds } from "./hold.ts"
import { holdUntil, holdsOf } from "./holds.ts"

/** A run whose step "build" has begun. */
async function holding(body: (stage: Rehearsal, run: number, holds: () => ReturnType<typeof holdsOf>) => Promise<void>): Promise<void> {
  const stage = new Rehearsal()
  try {
    const { id } = await stage.ask("release", "a")
    await stage.store.queue.setState(id, "running")
    await stage.store.journal.record(id, "build", "started", {})
    const ports = await stage.ports()
    await body(stage, id, () => holdsOf(id, "build", ports, () => {}))
  } finally {
    await stage.end()
  }
}

const signal = new AbortController().signal
const standing = async (stage: Rehearsal, run: number) => standingHolds(await stage.store.journal.of(run), "build")

test("what a run holds for is in its journal from the moment it stands: until what, since when, for how long, and why", () =>
  holding(async (stage, run, holds) => {
    const since = stage.clock.now()
    await holds().stand({ until: "latency back", boundMs: 5_000, reason: "users wait" })
    assert.deepEqual(await standing(stage, run), [{ until: "latency back", since, bound: since + 5_000, reason: "users wait" }])
    await holds().over("latency back", "met")
    assert.deepEqual(await standing(stage, run), [])
  }))

test("whoever carries the run on finds the hold as it stood, with its bound, and writes it no second time", () =>
  holding(async (stage, run, holds) => {
    const first = await holds().stand({ until: "evidence", boundMs: 5_000, reason: "too few" })
    await stage.clock.sleep(2_000)
    await stage.store.journal.record(run, "build", "started", {})
    assert.deepEqual(await holds().stand({ until: "evidence", boundMs: 5_000, reason: "too few still" }), first)
    assert.equal((await stage.store.journal.of(run)).filter(({ facts }) => facts["hold"] !== undefined).length, 1)
  }))

test("a step that has ended holds for nothing, and the end of what never stood is not told", () =>
  holding(async (stage, run, holds) => {
    await holds().over("evidence", "met")
    assert.equal((await stage.store.journal.of(run)).length, 1)
    await holds().stand({ until: "evidence", boundMs: 1, reason: "too few" })
    await stage.store.journal.record(run, "build", "failed", { message: "no" })
    assert.deepEqual(await standing(stage, run), [])
  }))

test("a wait ends when its condition is met or its time is up, says which, and shows its reason meanwhile", () =>
  holding(async (stage, run, holds) => {
    const said: string[] = []
    const waiting = { ports: await stage.ports(), report: ({ message }: { message: string }) => said.push(message), signal }
    let looks = 0
    const third = async () => (++looks < 3 ? "not yet" : undefined)
    const condition = { until: "latency back", boundMs: 10_000, everyMs: 1_000 } as const
    assert.equal(await holdUntil({ ...condition, whyNot: third }, { ...waiting, holds: holds() }), "met")
    assert.deepEqual(said, [
      "holding until latency back: not yet; for 10 s at the most",
      "holding until latency back: not yet; for 9 s at the most",
    ])
    assert.equal(await holdUntil({ ...condition, whyNot: async () => "never" }, { ...waiting, holds: holds() }), "bound")
    const ends = (await stage.store.journal.of(run)).flatMap(({ facts }) => (facts["holdOver"] === undefined ? [] : [facts["holdOver"]]))
    assert.deepEqual(ends, [
      { until: "latency back", how: "met", heldMs: 2_000 },
      { until: "latency back", how: "bound", heldMs: 10_000 },
    ])
  }))

test("(control) what is so at the first look is no hold", () =>
  holding(async (stage, run, holds) => {
    const waiting = { ports: await stage.ports(), holds: holds(), report: () => assert.fail("nothing is held"), signal }
    assert.equal(await holdUntil({ until: "evidence", boundMs: 1, everyMs: 1, whyNot: async () => undefined }, waiting), "met")
    assert.equal((await stage.store.journal.of(run)).length, 1)
  }))
