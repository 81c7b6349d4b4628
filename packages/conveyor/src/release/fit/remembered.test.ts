import assert from "node:assert/strict"
import { test } from "node:test"
import type { ChangeStatus, ShardStatus } from "../../change/engine.ts"
import type { ReleaseRecord, VersionRecord } from "../../store/records.ts"
import { remembered } from "./remembered.ts"
import type { Records } from "./remembered.ts"

const nothing = { rowsDone: 0, rowsTotal: 0, rowsPerSecond: 0, etaMs: undefined, pausedFor: undefined, batchRows: 0, error: undefined }
const shard = (name: string, phase: ShardStatus["phase"]): ShardStatus => ({ shard: name, phase, ...nothing })
const partlyHeard: ChangeStatus = {
  change: "0001-qr",
  readiness: "unknown",
  contract: "unknown",
  shards: [shard("shop-1", "verified"), shard("shop-2", "unknown")],
}

function run(id: number, kind: ReleaseRecord["kind"], state: ReleaseRecord["state"], change?: string): ReleaseRecord {
  return { id, kind, version: "v1", commit: "a", change, requestedAt: 0, state, reason: undefined, endedAt: undefined }
}
const v1: VersionRecord = {
  name: "v1",
  commit: "a",
  subject: "",
  createdAt: 0,
  artifact: undefined,
  changes: ["0001-qr"],
  warmUntil: undefined,
  stoppedAt: undefined,
}
const records = (releases: readonly ReleaseRecord[], shards = ["shop-1", "shop-2"]): Records => ({
  releases,
  versions: [v1],
  shardsOf: () => shards,
})
const says = (...given: Parameters<typeof records>) => {
  const { readiness, contract } = remembered(partlyHeard, records(...given))
  return [readiness, contract]
}

test("what was promoted once was ready on every shard it had, and what no contract was begun for is whole", () => {
  assert.deepEqual(says([run(1, "release", "promoted")]), ["ready", "pending"])
  assert.deepEqual(says([run(1, "release", "rolled-back")]), ["ready", "pending"], "it was switched to, so it was ready")
})

test("a release that never got so far proves nothing", () => {
  assert.deepEqual(says([run(1, "release", "failed")]), ["unknown", "pending"])
  assert.deepEqual(says([run(1, "release", "running")]), ["unknown", "pending"])
  assert.deepEqual(says([]), ["unknown", "pending"])
})

test("a shard that came to the fleet since is not proven by what was before", () => {
  assert.deepEqual(says([run(1, "release", "promoted")], ["shop-1"]), ["unknown", "pending"])
})

test("a contract that was begun leaves it unknown how far it came; one that was refused touched nothing", () => {
  const released = run(1, "release", "promoted")
  for (const state of ["running", "failed", "promoted"] as const) {
    assert.deepEqual(says([released, run(2, "contract", state, "0001-qr")]), ["ready", "unknown"], state)
  }
  assert.deepEqual(says([released, run(2, "contract", "refused", "0001-qr")]), ["ready", "pending"])
  assert.deepEqual(says([released, run(2, "contract", "promoted", "0002-other")]), ["ready", "pending"])
})

test("a change that was taken away since is no longer known to be ready", () => {
  assert.deepEqual(says([run(1, "release", "promoted"), run(2, "abort", "failed", "0001-qr")]), ["unknown", "pending"])
  assert.deepEqual(says([run(1, "abort", "promoted", "0001-qr"), run(2, "release", "promoted")]), ["ready", "pending"])
})

test("what a shard says itself is not overruled, and shards stay silent", () => {
  const heard: ChangeStatus = { ...partlyHeard, readiness: "not-ready", contract: "begun" }
  assert.deepEqual(remembered(heard, records([run(1, "release", "promoted")])), heard)
  assert.equal(remembered(partlyHeard, records([run(1, "release", "promoted")])).shards[1]?.phase, "unknown")
})
