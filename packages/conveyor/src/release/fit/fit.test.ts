import assert from "node:assert/strict"
import { test } from "node:test"
import type { ChangeStatus, ShardStatus } from "../../change/engine.ts"
import { goesWithout, untilItFits } from "./fit.ts"
import { Rehearsal } from "../rehearsal.ts"

const shard = (name: string, phase: ShardStatus["phase"]): ShardStatus => ({
  shard: name,
  phase,
  rowsDone: 0,
  rowsTotal: 0,
  rowsPerSecond: 0,
  etaMs: undefined,
  pausedFor: undefined,
  batchRows: 0,
  error: undefined,
})
const withSilentShard = (readiness: ChangeStatus["readiness"], contract: ChangeStatus["contract"]): ChangeStatus => ({
  change: "0001-qr",
  readiness,
  contract,
  shards: [shard("shop-1", "verified"), shard("shop-2", "unknown")],
})

/** v1 has the change or has it not; the fleet answers each question with the next of these, and with the last for ever. */
async function held(changes: readonly string[], answers: readonly ChangeStatus[], signal = new AbortController().signal) {
  const rehearsal = new Rehearsal()
  try {
    const ports = await rehearsal.ports()
    await ports.versions.ensure("a", "A")
    await ports.versions.built("v1", { id: "art", kind: "directory", ref: "/" }, changes)
    const [version] = await ports.versions.all()
    assert.ok(version)
    const [said, holds, overs]: [string[], string[], string[]] = [[], [], []]
    const from = ports.clock.now()
    const left = [...answers]
    const ask = async () => [left.length > 1 ? left.shift() : left[0]].filter((each) => each !== undefined)
    const end = await untilItFits(version, ask, {
      ports,
      signal,
      report: ({ message }) => said.push(message),
      holds: {
        stand: async ({ until, boundMs, reason }) => {
          holds.push(reason)
          return { until, reason, since: from, bound: from + boundMs }
        },
        over: async (until, how) => void overs.push(`${until}: ${how}`),
      },
    }).catch((thrown: unknown) => thrown)
    return { end, said, holds, overs }
  } finally {
    await rehearsal.end()
  }
}

test("a version that needs nothing of a silent shard goes at once, and the shard is named", async () => {
  const { end, said } = await held([], [withSilentShard("unknown", "none")])
  assert.deepEqual([end, said], [["shop-2"], []])
  assert.equal(goesWithout("v1", end as string[])["reason"], "shop-2 does not answer; v1 needs nothing of it")
})

test("what might not fit is held with the reason, and goes on when the shard answers", async () => {
  const healed: ChangeStatus = { ...withSilentShard("ready", "pending"), shards: [shard("shop-2", "verified")] }
  const { end, said, holds, overs } = await held(
    ["0001-qr"],
    [withSilentShard("unknown", "pending"), withSilentShard("unknown", "pending"), healed],
  )
  assert.deepEqual([end, overs], [[], ["shards reachable: met"]])
  assert.equal(said.length, 2)
  assert.match(holds[0] ?? "", /^nobody can say whether 0001-qr is ready on shop-2/)
  assert.match(said[0] ?? "", /^holding: nobody can say whether 0001-qr is ready on shop-2, which does not answer; asking again for \d+ s$/)
})

test("a shard that turns out to be in the way refuses it after all", async () => {
  const { end } = await held([], [withSilentShard("ready", "unknown"), withSilentShard("ready", "begun")])
  assert.equal((end as { code?: string }).code, "incompatible")
})

test("the hold is bounded, and its end says that nobody knows, not that it does not fit", async () => {
  const { end } = await held(["0001-qr"], [withSilentShard("unknown", "pending")])
  const { code, message, hint } = end as { code?: string; message?: string; hint?: string }
  assert.equal(code, "fleet-unknown")
  assert.match(message ?? "", /nobody knows whether v1 may run/)
  assert.match(hint ?? "", /Bring shop-2 back/)
})

test("whoever is told to stop does not wait for the shard", async () => {
  const { end } = await held(["0001-qr"], [withSilentShard("unknown", "pending")], AbortSignal.abort(new Error("told to stop")))
  assert.equal((end as Error).message, "told to stop")
})
