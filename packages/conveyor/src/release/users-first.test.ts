import assert from "node:assert/strict"
import { test } from "node:test"
import { latencyBoundsMs } from "../edge/edge.ts"
import type { Hold } from "./holds/hold.ts"
import { Rehearsal } from "./rehearsal.ts"

const policy = (start: string) =>
  `bake: { for: 10s, at_least: 0, at_most: 60s }, notice: 5s, rollback_window: 1h, stop_grace: 1s, start_within: 20s, start: { ${start} }`

async function rehearse(start: string, body: (stage: Rehearsal) => Promise<void>): Promise<void> {
  const stage = new Rehearsal(policy(start))
  try {
    await body(stage)
  } finally {
    await stage.end()
  }
}

/** Users of v1: in each second so many more answers, of about `ms()` each. */
function users(stage: Rehearsal, ms: () => number): void {
  const latency = [...latencyBoundsMs, Infinity].map(() => 0)
  let requests = 0
  stage.clock.onSleep = (slept) => {
    const many = Math.ceil(slept / 10)
    requests += many
    const bucket = latencyBoundsMs.findIndex((bound) => bound >= ms())
    latency[bucket] = (latency[bucket] ?? 0) + many
    stage.edge.setLoad("v1", { counters: { requests, latency: [...latency] } })
  }
}

/** Of the last release: in which order its copies were wanted, and what its start and verify have in the journal. */
async function release(stage: Rehearsal, commit: string, onBuilt: () => void = () => {}) {
  const asked = await stage.ask("release", commit)
  await stage.carryOut(asked, {
    afterEvent: ({ step, event }) => {
      if (step !== "build" || event !== "succeeded") return
      // What a build costs its users shows after a while.
      onBuilt()
      stage.clock.pass(5_000)
    },
  })
  const journal = await stage.store.journal.of(asked.id)
  const of = (step: string, event: string) => journal.find((each) => each.step === step && each.event === event)
  const holds = journal.flatMap(({ step, facts }) => (step === "start" && facts["hold"] !== undefined ? [facts["hold"] as Hold] : []))
  const overs = journal.flatMap(({ step, facts }) => (step === "start" && facts["holdOver"] !== undefined ? [facts["holdOver"]] : []))
  return { state: (await stage.store.queue.find(asked.id))?.state, of, holds, overs }
}

/** Serves, and users have been looked at for a while. */
async function served(stage: Rehearsal, ms: () => number): Promise<void> {
  await release(stage, "a")
  users(stage, ms)
  for (let second = 0; second < 60; second++) {
    await stage.clock.sleep(1_000)
    await (await stage.ports()).users.lookNowAndThen(new AbortController().signal)
  }
}

test("new copies are started so many at once, each wave when the one before is well", () =>
  rehearse("at_once: 1", async (stage) => {
    const wanted: (number | undefined)[] = []
    stage.onWant = (specs) => wanted.push(specs.find(({ service }) => service === "web")?.copies)
    const { state } = await release(stage, "a")
    assert.deepEqual([state, wanted], ["promoted", [1, 2, 2]])
  }))

test("a release whose first copy is not well starts no second, and goes back", () =>
  rehearse("at_once: 1", async (stage) => {
    stage.ill.add("a")
    let most = 0
    stage.onWant = (specs) => (most = Math.max(most, ...specs.map(({ copies }) => copies)))
    const { state, of } = await release(stage, "a")
    assert.deepEqual([state, most], ["failed", 1])
    assert.match(String(of("verify", "failed")?.facts["message"]), /it is ill/)
  }))

test("while users wait longer than before the release began nothing is started; it goes on when they do not", () =>
  rehearse("at_once: 1, wait_for_users: 1m", async (stage) => {
    let ms = 10
    await served(stage, () => ms)
    const slowFrom = { at: 0 }
    const { state, holds, overs } = await release(stage, "b", () => {
      ms = 400
      slowFrom.at = stage.clock.now()
      const { onSleep } = stage.clock
      stage.clock.onSleep = (slept) => {
        if (stage.clock.now() > slowFrom.at + 20_000) ms = 10
        onSleep(slept)
      }
    })
    assert.equal(state, "promoted")
    assert.deepEqual(holds.map(({ until }) => until).slice(0, 1), ["latency back"])
    assert.match(holds[0]?.reason ?? "", /^19 of 20 users wait up to 4\d\d ms, 1\d ms before the release began$/)
    assert.equal((overs.at(-1) as { how: string }).how, "met")
  }))

test("users who wait longer for good hold a release for its time and no longer, and the journal says that it went on anyway", () =>
  rehearse("at_once: 1, wait_for_users: 30s", async (stage) => {
    let ms = 10
    await served(stage, () => ms)
    const { state, of, holds, overs } = await release(stage, "b", () => (ms = 400))
    assert.equal(state, "promoted")
    assert.equal(holds.length, 1, "once, not before each copy")
    assert.equal((overs[0] as { how: string }).how, "bound")
    assert.match(String(of("start", "succeeded")?.facts["startedAnyway"]), /users still waited longer/)
  }))

test("(control) users who are served as before hold nothing; nor do slow ones where the policy says off, or a rollback", async () => {
  await rehearse("at_once: 1", async (stage) => {
    await served(stage, () => 10)
    assert.deepEqual((await release(stage, "b")).holds, [])
  })
  await rehearse("at_once: 1, wait_for_users: off", async (stage) => {
    let ms = 10
    await served(stage, () => ms)
    assert.deepEqual((await release(stage, "b", () => (ms = 400))).holds, [])
    const back = await stage.ask("rollback", "a")
    await stage.carryOut(back)
    assert.deepEqual(
      (await stage.store.journal.of(back.id)).filter(({ step, facts }) => step === "start" && facts["hold"] !== undefined),
      [],
    )
  })
})

test("a new copy is asked for its status and its service's paths before it gets requests, and what it answers is told", async () => {
  const stage = new Rehearsal(policy("warm_up: 3"), "", "web: { start: run, routes: [/], copies: 2, warm_up: [/, /orders] }")
  try {
    stage.failing.add("v1")
    const { state, of } = await release(stage, "a")
    assert.equal(state, "promoted", "what a warm-up is answered decides nothing")
    const warmed = of("verify", "succeeded")?.facts["warmedUp"] as {
      copy: string
      asked: string
      times: number
      failed: number
      because?: string
    }[]
    assert.deepEqual(warmed.map(({ asked, times, failed, because }) => [asked, times, failed, because]).slice(0, 3), [
      ["POST /api/v1/status", 3, 0, undefined],
      ["GET /", 3, 3, "answered with 500"],
      ["GET /orders", 3, 3, "answered with 500"],
    ])
    assert.equal(new Set(warmed.map(({ copy }) => copy)).size, 2, "both copies")
  } finally {
    await stage.end()
  }
})

test("copies that were warm are not warmed up: a rollback asks nobody", () =>
  rehearse("warm_up: 3", async (stage) => {
    await release(stage, "a")
    await release(stage, "b")
    const back = await stage.ask("rollback", "a")
    await stage.carryOut(back)
    const verified = (await stage.store.journal.of(back.id)).find(({ step, event }) => step === "verify" && event === "succeeded")
    assert.ok(verified)
    assert.equal(verified.facts["warmedUp"], undefined)
  }))
