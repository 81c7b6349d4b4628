import assert from "node:assert/strict"
import { test } from "node:test"
import { checkUp } from "./checkup.ts"
import { Rehearsal } from "../rehearsal.ts"
import { steps } from "../steps/steps.ts"

const signal = new AbortController().signal

/** v1 is warm behind v2; `asked` counts the status queries of a rollback's verify. */
async function withWarmVersion(body: (stage: Rehearsal, verify: () => Promise<string[]>) => Promise<void>): Promise<void> {
  const stage = new Rehearsal()
  try {
    for (const commit of ["a", "b"]) {
      const release = await stage.ask("release", commit)
      await stage.carryOut(release, {
        afterEvent: ({ step, event }) => {
          if (step === "switch" && event === "started") stage.traffic(release.version, { requests: 1_000 })
        },
      })
    }
    await body(stage, async () => {
      const release = await stage.ask("rollback", "a")
      const version = await stage.store.versions.find("v1")
      assert.ok(version)
      const ports = await stage.ports()
      const config = await ports.readConfig("a")
      const facts = await steps.verify.run(
        {
          ports,
          release,
          config,
          fitsWithout: "to-be-asked",
          planned: [{ step: "verify", plan: { questions: {}, warmUp: "no" } }],
          signal,
          version: () => version,
          report: () => {},
          holds: { stand: async ({ until, reason }) => ({ until, reason, since: 0, bound: 0 }), over: async () => {} },
          onEvent: () => {},
        },
        {},
      )
      return facts?.["asked"] as string[]
    })
  } finally {
    await stage.end()
  }
}

test("whoever was well at the last checkup is not asked again", () =>
  withWarmVersion(async (stage, verify) => {
    await stage.clock.sleep(13_000)
    assert.equal((await verify()).length, 2, "nobody has asked the warm copies for long")
    await stage.clock.sleep(13_000)
    await checkUp(await stage.ports(), signal)
    assert.deepEqual(await verify(), [])
  }))

test("an old answer is no answer", () =>
  withWarmVersion(async (stage, verify) => {
    await checkUp(await stage.ports(), signal)
    await stage.clock.sleep(13_000)
    assert.equal((await verify()).length, 2)
  }))

test("whoever was ill at the last checkup is asked, and found ill", () =>
  withWarmVersion(async (stage, verify) => {
    await checkUp(await stage.ports(), signal)
    await stage.clock.sleep(5_000)
    stage.ill.add("a")
    await checkUp(await stage.ports(), signal)
    await assert.rejects(verify())
  }))

test("a copy that has gone is forgotten, and its successor is asked", () =>
  withWarmVersion(async (stage, verify) => {
    await checkUp(await stage.ports(), signal)
    const [gone] = stage.runtime.copies().filter((copy) => copy.version === "v1")
    assert.ok(gone)
    await stage.runtime.stop(gone.id, { graceMs: 0, signal })
    await stage.runtime.reconcile(signal)
    const next = stage.runtime.copies().find((copy) => copy.version === "v1" && copy.index === gone.index)
    assert.notEqual(next?.id, gone.id)
    assert.deepEqual(await verify(), [next?.id])
  }))
