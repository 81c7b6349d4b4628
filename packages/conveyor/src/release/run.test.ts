import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { ConveyorError } from "../kernel/errors/errors.ts"
import type { JournalEvent, ReleaseRecord } from "../store/records.ts"
import { keep } from "./copies/keeper.ts"
import { Rehearsal } from "./rehearsal.ts"
import type { Hold } from "./holds/hold.ts"
import type { RunScript } from "./rehearsal.ts"

async function rehearse(body: (stage: Rehearsal) => Promise<void>): Promise<void> {
  const stage = new Rehearsal()
  try {
    await body(stage)
  } finally {
    await stage.end()
  }
}

const good = { requests: 1_000 }
const bad = { requests: 300, serverErrors: 60 }

/** Carries out a run to its end; with the switch to a version its users come. */
async function carryOut(
  stage: Rehearsal,
  release: ReleaseRecord,
  users: { requests: number; serverErrors?: number },
  script: RunScript = {},
) {
  const ended = await stage.carryOut(release, {
    ...script,
    afterEvent: (event) => {
      if (event.step === "switch" && event.event === "started") stage.traffic(release.version, users)
      script.afterEvent?.(event)
    },
  })
  assert.notEqual(ended, "killed")
  return ended as ReleaseRecord
}

/** v1 of commit "a" serves, v2 of commit "b" is asked for. */
async function withFirstRelease(stage: Rehearsal) {
  assert.equal((await carryOut(stage, await stage.ask("release", "a"), { requests: 10_000 })).state, "promoted")
  return await stage.ask("release", "b")
}

const copiesOf = async (stage: Rehearsal, version: string) =>
  stage.runtime.copies().filter((copy) => copy.version === version && copy.state === "running").length

test("a good release serves all new pages, and the version before stays warm", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    const ended = await carryOut(stage, release, good)
    assert.deepEqual([ended.state, stage.current], ["promoted", "v2"])
    assert.deepEqual(Object.keys(stage.edge.inUse?.versions ?? {}), ["v2"])
    assert.equal(await copiesOf(stage, "v1"), 2)
    assert.equal((await stage.store.versions.find("v1"))?.warmUntil !== undefined, true)
  }))

test("a release that is worse than the one before goes back, and leaves no copy behind", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    const ended = await carryOut(stage, release, bad)
    assert.deepEqual([ended.state, stage.current], ["rolled-back", "v1"])
    assert.match(
      ended.reason ?? "",
      /worse than v1 at the same moment: of 60 requests that one of the two alone failed, 60 were failed by the new version/,
    )
    assert.equal(await copiesOf(stage, "v2"), 0)
    assert.equal(await copiesOf(stage, "v1"), 2)
    assert.equal(stage.edge.inUse?.rescue, undefined)
  }))

test("while a release bakes, safe requests that fail are answered by the version before", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    await carryOut(stage, release, good)
    assert.deepEqual(
      stage.edge.applied.map((table) => table.rescue),
      [undefined, { from: "v2", to: "v1" }, undefined, undefined, undefined],
    )
  }))

test("no evidence is no promotion: a release that nobody uses is held for a person's word, and goes back when the hold is over", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    const askedAt = stage.clock.now()
    const ended = await carryOut(stage, release, { requests: 0 })
    assert.deepEqual([ended.state, stage.current], ["rolled-back", "v1"])
    assert.match(ended.reason ?? "", /0 requests seen, 100 needed; nobody has said to promote it/)
    assert.ok(stage.clock.now() - askedAt >= 60_000 + 60_000)
    const holds = (await stage.store.journal.of(release.id)).filter(({ facts }) => facts["hold"] !== undefined)
    assert.equal(holds.length, 1, "said once")
    const [hold] = holds.map(({ facts }) => facts["hold"] as Hold)
    assert.ok(hold)
    const { until, since, bound, reason } = hold
    assert.deepEqual([until, bound - since], ["evidence", 60_000])
    assert.match(reason, /0 requests seen, 100 needed; conveyor promote v2 takes it as it is/)
  }))

test("a person's word in the journal promotes what is held, and is part of the reason", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    const words: Promise<unknown>[] = []
    const afterEvent = ({ step, event, facts }: JournalEvent) => {
      if (step === "bake" && event === "started" && facts["promotedBy"] === undefined)
        words.push(stage.store.journal.record(release.id, "bake", "started", { promotedBy: "anna" }))
    }
    const ended = await carryOut(stage, release, { requests: 0 }, { afterEvent })
    await Promise.all(words)
    assert.deepEqual([ended.state, stage.current], ["promoted", "v2"])
    const said = (await stage.store.journal.of(release.id)).findLast(({ step, event }) => step === "bake" && event === "succeeded")
    assert.match(String(said?.facts["reason"]), /taken as it is by anna; /)
  }))

const synthetic =
  "bake: { for: 10s, at_least: 100, at_most: 60s, hold: 10m, when_quiet: synthetic, synthetic: [/, /orders?page=2] }, notice: 5s"

test("where nobody asks the conveyor does, of both versions alike: what is as good as before is promoted, what is not goes back", async () => {
  for (const state of ["promoted", "rolled-back"] as const) {
    const stage = new Rehearsal(synthetic)
    try {
      const release = await withFirstRelease(stage)
      if (state === "rolled-back") stage.failing.add("v2")
      assert.equal((await carryOut(stage, release, { requests: 0 })).state, state)
    } finally {
      await stage.end()
    }
  }
})

test("(control) what both versions fail is no reason to go back, where the conveyor asks", async () => {
  const stage = new Rehearsal(synthetic)
  try {
    const release = await withFirstRelease(stage)
    for (const version of ["v1", "v2"]) stage.failing.add(version)
    assert.equal((await carryOut(stage, release, { requests: 0 })).state, "promoted")
  } finally {
    await stage.end()
  }
})

test("what a verdict rests on is in the journal: the tests, their numbers, and how often they may be wrong", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    await carryOut(stage, release, bad)
    const failed = (await stage.store.journal.of(release.id)).find(({ step, event }) => step === "bake" && event === "failed")
    assert.ok(failed)
    const { alpha, findings } = failed.facts["facts"] as { alpha: number; findings: { test: string; failed: number; of: number }[] }
    assert.deepEqual([alpha, findings[0]?.test, findings[0]?.failed, findings[0]?.of], [0.001, "pairs", 60, 60])
  }))

test("a version whose copies are ill is never switched to", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    stage.ill.add("b")
    const ended = await carryOut(stage, release, good)
    assert.deepEqual([ended.state, stage.current], ["failed", "v1"])
    assert.match(ended.reason ?? "", /verify: .*it is ill/)
    assert.equal(await copiesOf(stage, "v2"), 0)
    assert.equal(
      stage.edge.applied.some((table) => "v2" in table.versions),
      false,
    )
  }))

test("a version of which another process holds a copy's address is never switched to, however well that one says it is", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    const ended = await carryOut(stage, release, good, {
      afterEvent: ({ step, event }) => {
        if (step === "verify" && event === "started")
          stage.runtime.usurp(stage.runtime.copies().find(({ version }) => version === "v2")?.id ?? "")
      },
    })
    assert.deepEqual([ended.state, stage.current], ["failed", "v1"])
    assert.match(ended.reason ?? "", /it is not web that answers at port/)
  }))

test("copies that end between verify and switch are waited for: no version is switched to without a copy of each service", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    const looksWithoutCopies: boolean[] = []
    const ended = await carryOut(stage, release, good, {
      afterEvent: ({ step, event }) => {
        if (step === "switch" && event === "started") {
          for (const { id, version } of stage.runtime.copies()) if (version === "v2") stage.runtime.crash(id)
          setImmediate(() => setImmediate(() => void stage.runtime.reconcile(AbortSignal.timeout(5_000))))
        }
      },
    })
    for (const { versions } of stage.edge.applied)
      looksWithoutCopies.push(versions["v2"] !== undefined && versions["v2"].targets["web"] === undefined)
    assert.deepEqual([ended.state, stage.current], ["promoted", "v2"])
    assert.ok(!looksWithoutCopies.includes(true))
  }))

test("a copy that ends while its version bakes is started again, and requests find the new one before the bake is over", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    let found: string[] = []
    let crashed = ""
    const rounds: Promise<void>[] = []
    await carryOut(stage, release, good, {
      afterEvent: ({ step, event }) => {
        if (step !== "bake" || event !== "started") return
        crashed = stage.runtime.copies().find(({ version }) => version === "v2")?.id ?? ""
        stage.runtime.crash(crashed)
        const round = stage.ports().then((ports) => keep({ ports, signal: AbortSignal.timeout(5_000), onAct: () => {} }))
        rounds.push(round.then(() => void (found = (stage.edge.inUse?.versions["v2"]?.targets["web"] ?? []).map(({ copy }) => copy))))
      },
    })
    await Promise.all(rounds)
    assert.equal(found.length, 2)
    assert.ok(!found.includes(crashed))
  }))

test("a rollback to a warm version starts nothing and switches at once", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    await carryOut(stage, release, good)
    const before = stage.runtime.copies().map((copy) => copy.id)
    const back = await carryOut(stage, await stage.ask("rollback", "a"), good)
    assert.deepEqual([back.state, stage.current], ["promoted", "v1"])
    assert.deepEqual(
      stage.runtime.copies().map((copy) => copy.id),
      before,
    )
  }))

test("a release that is aborted goes back, whatever it was doing", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    const controller = new AbortController()
    const ended = await carryOut(stage, release, good, {
      signal: controller.signal,
      afterEvent: ({ step, event }) => {
        if (step === "bake" && event === "started") controller.abort(new ConveyorError("aborted", "aborted on request"))
      },
    })
    assert.deepEqual([ended.state, stage.current], ["rolled-back", "v1"])
    assert.equal(await copiesOf(stage, "v2"), 0)
  }))

test("the oldest warm version is stopped when a newer one is kept warm", () =>
  rehearse(async (stage) => {
    const release = await withFirstRelease(stage)
    await carryOut(stage, release, good)
    await carryOut(stage, await stage.ask("release", "c"), good)
    assert.deepEqual([await copiesOf(stage, "v1"), await copiesOf(stage, "v2"), await copiesOf(stage, "v3")], [0, 2, 2])
    assert.notEqual((await stage.store.versions.find("v1"))?.stoppedAt, undefined)
  }))

test("killed after any journal line or effect, any number of times, a release carries on to the same end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(36), { maxLength: 4 }), fc.constantFrom("good", "bad", "ill"), (kills, fate) =>
      rehearse(async (stage) => {
        const release = await withFirstRelease(stage)
        if (fate === "ill") stage.ill.add("b")
        const users = fate === "bad" ? bad : good
        for (const momentsUntilKill of kills) {
          let left = momentsUntilKill
          await stage.carryOut(release, {
            afterEvent: ({ step, event }) => {
              if (step === "switch" && event === "started") stage.traffic("v2", users)
            },
            atMoment: () => (left-- === 0 ? "kill" : "go on"),
          })
          // The keeper of the next control plane looks around before the run is carried on.
          await keep({ ports: await stage.ports(), signal: new AbortController().signal, onAct: () => {} })
        }
        const ended = await carryOut(stage, release, users)

        assert.equal(ended.state, { good: "promoted", bad: "rolled-back", ill: "failed" }[fate])
        assert.equal(stage.current, fate === "good" ? "v2" : "v1")
        assert.equal(await copiesOf(stage, "v1"), 2, "the version before still runs")
        assert.equal(await copiesOf(stage, "v2"), fate === "good" ? 2 : 0, "exactly the copies that are wanted")
        assert.deepEqual(Object.keys(stage.edge.inUse?.versions ?? {}), [stage.current])
        assert.deepEqual(
          stage.edge.applied.map((table) => table.generation),
          stage.edge.applied.map((_, i) => i + 1),
        )
      }),
    ),
    { numRuns: 80 },
  )
})
