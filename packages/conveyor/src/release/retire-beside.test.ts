import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { keep } from "./copies/keeper.ts"
import { Rehearsal } from "./rehearsal.ts"

const signal = new AbortController().signal
const policy =
  "bake: { for: 10s, at_least: 100, at_most: 60s, hold: 1m }, notice: 30s, rollback_window: 1h, stop_grace: 1s, start_within: 2s"

/** v2 has done what was asked and makes room for v1's page, v3 is asked for. */
async function whileV1IsRetired(body: (stage: Rehearsal, v2: number, v3: number) => Promise<void>): Promise<void> {
  const stage = new Rehearsal(policy)
  const release = async (commit: string, lane?: "line") => {
    const asked = await stage.ask("release", commit)
    const users = () => stage.traffic(asked.version, { requests: 1_000 })
    await stage.carryOut(asked, {
      ...(lane !== undefined && { lane }),
      afterEvent: ({ step, event }) => step === "switch" && event === "started" && users(),
    })
    return asked.id
  }
  try {
    await release("a")
    const second = await release("b", "line")
    stage.edge.setLoad("v1", { pages: { open: 1 } })
    await body(stage, second, (await stage.ask("release", "c")).id)
  } finally {
    await stage.end()
  }
}

const running = (stage: Rehearsal, version: string) =>
  stage.runtime.copies().filter((copy) => copy.version === version && copy.state === "running").length

test("killed at any moment, a release and what makes room beside it both come to their end; what the release may go back to is never given up", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 3 }), fc.boolean(), (kills, isBad) =>
      whileV1IsRetired(async (stage, second, third) => {
        let isBaked = false
        const needed = () => {
          if (isBaked) return
          assert.ok(stage.edge.inUse !== undefined && "v2" in stage.edge.inUse.versions, "v2 is routed")
          assert.equal(running(stage, "v2"), 2, "v2 runs")
        }
        const carry = async (untilKill: number) => {
          let left = untilKill
          const atMoment = () => (left-- === 0 ? "kill" : "go on")
          // Each of the two looks again for the store that it finds: a kill takes both.
          const of = async (id: number, lane: "line" | "beside") => {
            const release = await stage.store.queue.find(id)
            assert.ok(release)
            return stage.carryOut(release, {
              lane,
              atMoment,
              afterEvent: ({ release: of, step, event }) => {
                isBaked ||= of === third && step === "bake" && event === "succeeded"
                needed()
                if (of === third && step === "switch" && event === "started")
                  stage.traffic("v3", { requests: 1_000, serverErrors: isBad ? 200 : 0 })
              },
            })
          }
          await stage.ports()
          await Promise.all([of(second, "beside"), of(third, "line")])
          if (left < 0) return
          await of(third, "beside")
        }
        for (const untilKill of [...kills, Infinity]) {
          await carry(untilKill)
          await keep({ ports: await stage.ports(), signal, onAct: () => {} })
          needed()
        }

        const [current, outcome] = isBad ? ["v2", "rolled-back"] : ["v3", "promoted"]
        const { state, reason } = (await stage.store.queue.find(third)) ?? {}
        assert.deepEqual([(await stage.store.queue.find(second))?.state, state], ["promoted", outcome], reason)
        assert.equal(stage.current, current)
        assert.deepEqual(Object.keys(stage.edge.inUse?.versions ?? {}), [current])
        const warm = isBad ? "v1" : "v2"
        assert.deepEqual(
          ["v1", "v2", "v3"].map((version) => running(stage, version)),
          ["v1", "v2", "v3"].map((version) => (version === current || version === warm ? 2 : 0)),
        )
      }),
    ),
    { numRuns: 25 },
  )
})

test("what was brought back while it was to be retired is not given up by whoever began to retire it", () =>
  whileV1IsRetired(async (stage, second) => {
    const retiring = await stage.store.queue.find(second)
    assert.ok(retiring)
    const back = await stage.ask("rollback", "a")
    const [tidied, ended] = await Promise.all([stage.carryOut(retiring, { lane: "beside" }), stage.carryOut(back)])
    assert.notEqual(tidied, "killed")
    assert.notEqual(ended, "killed")
    assert.equal(stage.current, "v1")
    assert.equal((await stage.store.versions.find("v1"))?.warmUntil, undefined)
    assert.equal(running(stage, "v1"), 2)
  }))
