import assert from "node:assert/strict"
import { test } from "node:test"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { Rehearsal } from "../release/rehearsal.ts"
import type { Asker, JournalEvent, ReleaseRecord } from "../store/records.ts"
import { ControlPlane } from "./control-plane.ts"
import { EventHub } from "./api/events.ts"
import type { Run } from "./protocol/runs.ts"

interface Working {
  stage: Rehearsal
  controlPlane: ControlPlane
  /** The run's record when it is over. */
  ended: (release: ReleaseRecord) => Promise<ReleaseRecord>
  /** Resolves with what `act` gives at the next such line of the journal, at once and not a turn later. */
  at: <T>(step: string, event: JournalEvent["event"], act: () => Promise<T> | T) => Promise<T>
  /** Another control plane on the same state, after this one has stopped. */
  next: () => Promise<void>
}

const anna: Asker = { actor: "anna", reason: "the shop is open", proof: "control-token" }

const isOver = ({ state }: Run) => state !== "queued" && state !== "running"

/** A control plane at work. Every version has its users as soon as it is switched to, but the idle one. */
async function working(body: (control: Working) => Promise<void>, idle?: string, policy?: string): Promise<void> {
  const stage = new Rehearsal(policy)
  const hub = new EventHub(1)
  const follow = new AbortController().signal
  const begin = async () => {
    const controlPlane = new ControlPlane(await stage.ports(), hub)
    return { controlPlane, end: controlPlane.work() }
  }
  let now = await begin()
  const bringUsers = async (release: number) => {
    const version = (await stage.store.queue.find(release))?.version
    if (version !== undefined && version !== idle) stage.traffic(version, { requests: 1_000 })
  }
  hub.follow((event) => {
    if (event.type === "journal" && event.event.step === "switch" && event.event.event === "started") void bringUsers(event.event.release)
  }, follow)
  try {
    await body({
      stage,
      get controlPlane() {
        return now.controlPlane
      },
      ended: async (release) => {
        const over = new Promise<void>((resolve) => {
          hub.follow((event) => event.type === "run" && event.run.id === release.id && isOver(event.run) && resolve(), follow)
        })
        const now = async () => (await stage.store.queue.find(release.id)) ?? release
        const found = await now()
        return isOver(found) ? found : over.then(now)
      },
      at: (step, event, act) =>
        new Promise((resolve, reject) => {
          // What was before comes first, and is not meant.
          let isDone = true
          hub.follow((news) => {
            if (isDone || news.type !== "journal" || news.event.step !== step || news.event.event !== event) return
            isDone = true
            const acted = async () => act()
            acted().then(resolve, reject)
          }, follow)
          isDone = false
        }),
      next: async () => {
        now.controlPlane.stop()
        await now.end
        now = await begin()
      },
    })
  } finally {
    now.controlPlane.stop()
    await now.end
    await stage.end()
  }
}

const code = (expected: string) => (thrown: unknown) => thrown instanceof ConveyorError && thrown.code === expected

test("what is asked for is carried out, one run after the other: each begins when the one before has done what was asked", () =>
  working(async ({ stage, controlPlane, ended }) => {
    const asked = [await controlPlane.requestRelease("a", anna), await controlPlane.requestRelease("b", anna)]
    for (const release of asked) assert.equal((await ended(release)).state, "promoted")
    assert.equal(stage.current, "v2")
    const [first, second] = await Promise.all(asked.map(({ id }) => stage.store.journal.of(id)))
    const promotion = first?.find(({ step, event }) => step === "bake" && event === "succeeded")
    assert.ok((promotion?.seq ?? Infinity) < (second?.[0]?.seq ?? 0))
  }))

test("a page that is left open holds nobody's next release: old versions make room beside it, also past a new control plane", () =>
  working(
    async (control) => {
      const { stage, ended, at } = control
      await ended(await control.controlPlane.requestRelease("a", anna))
      stage.edge.setLoad("v1", { pages: { open: 1 } })
      const asking = at("retire", "started", async () => {
        const release = await control.controlPlane.requestRelease("c", anna)
        await control.next()
        return release
      })
      const second = await control.controlPlane.requestRelease("b", anna)
      const third = await asking
      const over = Promise.all([ended(second), ended(third)])
      await at("bake", "succeeded", () => {})
      assert.deepEqual([stage.current, (await stage.store.queue.find(second.id))?.state], ["v3", "running"])
      assert.ok("v1" in (stage.edge.inUse?.versions ?? {}), "its page is still open")
      stage.edge.setLoad("v1", { pages: { open: 0 } })
      assert.deepEqual(
        (await over).map(({ state }) => state),
        ["promoted", "promoted"],
      )
      assert.deepEqual(Object.keys(stage.edge.inUse?.versions ?? {}), ["v3"])
    },
    undefined,
    "bake: { for: 10s, at_least: 100, at_most: 60s, hold: 1m }, notice: 15m, rollback_window: 1h, stop_grace: 1s, start_within: 2s",
  ))

test("whoever makes room gives way to a rollback to what is being retired, and takes nothing from it", () =>
  working(async ({ stage, controlPlane, ended, at }) => {
    await ended(await controlPlane.requestRelease("a", anna))
    stage.edge.setLoad("v1", { pages: { open: 1 } })
    const asking = at("retire", "started", () => controlPlane.requestRollback("v1", anna))
    const second = await controlPlane.requestRelease("b", anna)
    const rollback = await asking
    const [tidied, back] = [await ended(second), await ended(rollback)]
    assert.deepEqual([tidied.state, back.state, stage.current], ["promoted", "promoted", "v1"])
    assert.match(tidied.reason ?? "", /gave way to the rollback of v1/)
    assert.equal((await stage.store.versions.find("v1"))?.warmUntil, undefined)
    assert.equal(stage.runtime.copies().filter(({ version, state }) => version === "v1" && state === "running").length, 2)
  }))

test("a newer push takes the place of an older one that waits, and whoever follows the older is told at once", () =>
  working(async ({ stage, controlPlane, ended, at }) => {
    await ended(await controlPlane.requestRelease("a", anna, "main"))
    const pushing = at("bake", "started", async () => {
      const [older, byHand] = [await controlPlane.requestRelease("c", anna, "main"), await controlPlane.requestRelease("d", anna)]
      const told = ended(older)
      const newer = await controlPlane.requestRelease("e", anna, "main")
      return { older: await told, byHand, newer }
    })
    const under = await controlPlane.requestRelease("b", anna, "main")
    const { older, byHand, newer } = await pushing
    assert.deepEqual([older.state, older.supersededBy], ["superseded", newer.id])
    assert.match(older.reason ?? "", /v5 was pushed to main after it/)
    for (const release of [under, byHand, newer]) assert.equal((await ended(release)).state, "promoted")
    assert.deepEqual(await stage.store.journal.of(older.id), [])
  }))

test("a rollback asked for while a release bakes goes to the version before, after the release has gone back", () =>
  working(async ({ stage, controlPlane, ended, at }) => {
    await ended(await controlPlane.requestRelease("a", anna))
    const asking = at("bake", "started", () => controlPlane.requestRollback(undefined, anna))
    const release = await controlPlane.requestRelease("b", anna)
    const rollback = await asking
    assert.equal(rollback.version, "v1")
    const [gone, back] = [await ended(release), await ended(rollback)]
    assert.deepEqual([gone.state, back.state, stage.current], ["rolled-back", "promoted", "v1"])
    assert.match(gone.reason ?? "", /gave way to the rollback to v1/)
  }, "v2"))

test("a run that is cancelled goes back, and says by whom and why; one that is not under way cannot be", () =>
  working(async ({ stage, controlPlane, ended, at }) => {
    await ended(await controlPlane.requestRelease("a", anna))
    const aborting = at("bake", "started", async () => controlPlane.cancel((await stage.store.queue.inState("running"))[0]?.id ?? 0, anna))
    const release = await controlPlane.requestRelease("b", anna)
    await aborting
    const gone = await ended(release)
    assert.deepEqual([gone.state, gone.reason], ["rolled-back", "bake: cancelled by anna: the shop is open"])
    assert.deepEqual(
      (await stage.store.queue.requestsFor(release.id)).map(({ action, actor }) => [action, actor]),
      [
        ["release", "anna"],
        ["cancel", "anna"],
      ],
    )
    await assert.rejects(controlPlane.cancel(release.id, anna), code("not-running"))
  }, "v2"))

test("a queued run that is cancelled is never begun, and what goes after it goes on", () =>
  working(async ({ stage, controlPlane, ended, at }) => {
    const cancelling = at("build", "started", () => controlPlane.cancel(2, anna))
    const asked = await Promise.all(["a", "b", "c"].map((commit) => controlPlane.requestRelease(commit, anna)))
    assert.equal((await cancelling).state, "cancelled")
    const states = []
    for (const release of asked) states.push((await ended(release)).state)
    assert.deepEqual(states, ["promoted", "cancelled", "promoted"])
    assert.equal((await stage.store.queue.find(2))?.reason, "cancelled by anna: the shop is open")
    assert.deepEqual(await stage.store.journal.of(2), [])
  }))

test("what was cancelled goes back also where the control plane ends before it has", () =>
  working(async (control) => {
    const { stage, ended, at } = control
    await ended(await control.controlPlane.requestRelease("a", anna))
    const cancelling = at("bake", "started", async () => {
      // On disk, and no more: the control plane that took it is gone in that moment.
      await stage.store.queue.requested({ action: "cancel", subject: "run 2", run: 2 }, anna)
      return control.next()
    })
    const release = await control.controlPlane.requestRelease("b", anna)
    await cancelling
    assert.deepEqual([(await ended(release)).state, stage.current], ["rolled-back", "v1"])
  }, "v2"))

test("a run that has done what was asked is not cancelled: there is the rollback for that", () =>
  working(async ({ controlPlane, ended, at }) => {
    await ended(await controlPlane.requestRelease("a", anna))
    const cancelling = at("retire", "started", () => controlPlane.cancel(2, anna))
    cancelling.catch(() => {})
    await ended(await controlPlane.requestRelease("b", anna))
    await assert.rejects(cancelling, code("already-done"))
  }))

test("a version that nobody uses is held until a person promotes it; one that does not bake cannot be", () =>
  working(async ({ stage, controlPlane, ended, at }) => {
    await ended(await controlPlane.requestRelease("a", anna))
    await assert.rejects(controlPlane.promote("v1", anna), code("not-baking"))
    const promoting = at("bake", "started", () => controlPlane.promote("v2", anna))
    const release = await controlPlane.requestRelease("b", anna)
    assert.equal((await promoting).id, release.id)
    assert.deepEqual([(await ended(release)).state, stage.current], ["promoted", "v2"])
  }, "v2"))

test("a version that a release may still need to go back to is not given up", () =>
  working(async ({ stage, controlPlane, ended, at }) => {
    await ended(await controlPlane.requestRelease("a", anna))
    const retiring = at("bake", "started", () => controlPlane.requestRetire("v1", anna))
    const release = await controlPlane.requestRelease("b", anna)
    await assert.rejects(retiring, code("in-use"))
    assert.equal((await ended(release)).state, "rolled-back", "nobody used it")
    assert.equal(stage.current, "v1")
  }, "v2"))

test("what is being released has not proven itself, and is not rolled back to", () =>
  working(async ({ controlPlane, ended, at }) => {
    await ended(await controlPlane.requestRelease("a", anna))
    const asking = at("bake", "started", () => controlPlane.requestRollback("v2", anna))
    const release = await controlPlane.requestRelease("b", anna)
    await assert.rejects(asking, code("in-use"))
    assert.equal((await ended(release)).state, "rolled-back", "nobody used it")
  }, "v2"))

test("stopped in the middle, the run is left to the next control plane, which carries it on", () =>
  working(async (control) => {
    const stopping = control.at("start", "started", () => control.next())
    const release = await control.controlPlane.requestRelease("a", anna)
    await stopping
    assert.equal((await control.ended(release)).state, "promoted")
    const starts = (await control.stage.store.journal.of(release.id)).filter(({ step, event }) => step === "start" && event === "failed")
    assert.deepEqual(starts, [], "it was interrupted, it did not fail")
  }))

test("a copy that dies between two releases is started again", () =>
  working(async ({ stage, controlPlane, ended }) => {
    await ended(await controlPlane.requestRelease("a", anna))
    const [copy] = stage.runtime.copies()
    stage.runtime.crash(copy?.id ?? "")
    const isWell = async () => stage.runtime.copies().filter(({ state }) => state === "running").length === 2
    for (let turn = 0; turn < 10_000 && !(await isWell()); turn++) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(await isWell())
  }))
