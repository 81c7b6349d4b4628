import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { JournalEvent, ReleaseRecord } from "../../store/records.ts"
import { Rehearsal } from "../rehearsal.ts"
import { keep } from "./keeper.ts"

const signal = new AbortController().signal
const web = "web: { start: run, routes: [/] }"
const worker = "mailer: { start: work, copies: 2, health: { command: 'echo well; exit 0' } }"

async function rehearse(services: string, body: (stage: Rehearsal) => Promise<void>): Promise<void> {
  const stage = new Rehearsal(undefined, "", services)
  try {
    await body(stage)
  } finally {
    await stage.end()
  }
}

const carry = (stage: Rehearsal, release: ReleaseRecord, afterEvent: (event: JournalEvent) => void = () => {}) =>
  stage.carryOut(release, {
    afterEvent: (event) => {
      if (event.step === "switch" && event.event === "started") stage.traffic(release.version, { requests: 1_000 })
      afterEvent(event)
    },
  })

const round = async (stage: Rehearsal) => keep({ ports: await stage.ports(), signal, onAct: () => {} })

/** Versions whose workers are there, each once. */
const atWork = (stage: Rehearsal) => [
  ...new Set(
    stage.runtime
      .copies()
      .filter(({ service }) => service === "mailer")
      .map(({ version }) => version),
  ),
]

test("from the moment that a version is the current one no worker of another works, and a rollback brings the old ones back", () =>
  rehearse(`${web}, ${worker}`, async (stage) => {
    await carry(stage, await stage.ask("release", "a"))
    assert.deepEqual(atWork(stage), ["v1"])
    const seen: (readonly [current: string, workers: string[]])[] = []
    const apply = stage.edge.apply.bind(stage.edge)
    stage.edge.apply = async (table, ...rest) => {
      seen.push([table.current, atWork(stage)])
      await apply(table, ...rest)
    }
    await carry(stage, await stage.ask("release", "b"))
    assert.ok(seen.length > 0)
    for (const each of seen) assert.deepEqual(each, ["v2", ["v2"]])
    assert.equal(stage.runtime.standings.get("v1"), "not-current")
    await round(stage)
    assert.deepEqual(atWork(stage), ["v2"])

    await carry(stage, await stage.ask("rollback", "a"))
    await round(stage)
    assert.deepEqual([stage.current, atWork(stage)], ["v1", ["v1"]])
  }))

test("a release that goes back gives the work back to the version before it", () =>
  rehearse(`${web}, ${worker}`, async (stage) => {
    await carry(stage, await stage.ask("release", "a"))
    const bad = await stage.ask("release", "b")
    await stage.carryOut(bad, {
      afterEvent: ({ step, event }) => {
        if (step === "switch" && event === "started") stage.traffic(bad.version, { requests: 1_000, serverErrors: 900 })
      },
    })
    await round(stage)
    assert.deepEqual([stage.current, atWork(stage)], ["v1", ["v1"]])
  }))

test("a worker that looks after itself is kept, and knows that its version is not current", () =>
  rehearse(`${web}, ${worker.replace("copies: 2", "copies: 2, when_not_current: keep")}`, async (stage) => {
    await carry(stage, await stage.ask("release", "a"))
    await carry(stage, await stage.ask("release", "b"))
    await round(stage)
    assert.deepEqual(atWork(stage), ["v1", "v2"])
    assert.deepEqual([stage.runtime.standings.get("v1"), stage.runtime.standings.get("v2")], ["not-current", "current"])
  }))

test("wherever the control plane is killed, workers end up working for the current version alone", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.constantFrom("good", "bad"), (killAt, kind) =>
      rehearse(`${web}, ${worker}`, async (stage) => {
        await carry(stage, await stage.ask("release", "a"))
        const release = await stage.ask("release", "b")
        let moments = 0
        const atMoment = () => (++moments === killAt ? "kill" : "go on")
        const traffic = { requests: 1_000, serverErrors: kind === "bad" ? 900 : 0 }
        const afterEvent = ({ step, event }: JournalEvent) => {
          if (step === "switch" && event === "started") stage.traffic(release.version, traffic)
        }
        if ((await stage.carryOut(release, { atMoment, afterEvent })) === "killed") {
          await round(stage)
          await stage.carryOut((await (await stage.ports()).queue.find(release.id)) ?? release, { afterEvent })
        }
        await round(stage)
        assert.deepEqual(atWork(stage), [stage.current])
        assert.equal(stage.current, kind === "bad" ? "v1" : "v2")
      }),
    ),
    { numRuns: 25 },
  )
})

test("a version whose worker ends again and again during the bake goes back", () =>
  rehearse(`${web}, ${worker}`, async (stage) => {
    await carry(stage, await stage.ask("release", "a"))
    const ended = await carry(stage, await stage.ask("release", "b"), ({ step, event }) => {
      if (step !== "bake" || event !== "started") return
      for (let i = 0; i < 5; i++) {
        for (const copy of stage.runtime.copies()) if (copy.version === "v2" && copy.service === "mailer") stage.runtime.crash(copy.id)
        void stage.runtime.reconcile(signal)
      }
    })
    assert.ok(ended !== "killed")
    assert.deepEqual([ended.state, stage.current], ["rolled-back", "v1"])
    assert.match(ended.reason ?? "", /mailer of v2 ends again and again/)
  }))

test("an application of workers alone is carried: each version works until the next one does", () =>
  rehearse(worker, async (stage) => {
    await carry(stage, await stage.ask("release", "a"))
    const ended = await carry(stage, await stage.ask("release", "b"))
    assert.ok(ended !== "killed")
    await round(stage)
    assert.deepEqual([ended.state, stage.current, atWork(stage)], ["promoted", "v2", ["v2"]])
  }))
