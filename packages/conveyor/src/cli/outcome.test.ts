import assert from "node:assert/strict"
import { test } from "node:test"
import type { Request } from "../server/protocol/requests.ts"
import type { RunReport } from "../server/protocol/runs.ts"
import { exitCodes, exitOf, outcomeOf } from "./outcome.ts"

const cancel: Request = { seq: 1, at: 0, action: "cancel", subject: "run 1", proof: "control-token" }

function ended(state: RunReport["state"], more: Partial<RunReport> = {}): string {
  return outcomeOf({
    id: 1,
    kind: "release",
    version: "v1",
    commit: "a",
    requestedAt: 0,
    state,
    steps: [],
    requests: [],
    ahead: [],
    ...more,
  })
}

test("every outcome has an exit code of its own, only promoted is 0, and none is one that every command has", () => {
  const codes: number[] = Object.values(exitCodes)
  assert.equal(new Set(codes).size, codes.length)
  assert.ok(codes.every((code) => code === 0 || code >= 10))
  assert.equal(exitCodes.promoted, 0)
})

test("a run that is over is what it ended as, and one that was cancelled is that, unless it was promoted all the same", () => {
  for (const state of ["failed", "rolled-back", "refused", "superseded", "cancelled", "promoted"] as const)
    assert.equal(ended(state), state)
  for (const state of ["failed", "rolled-back", "refused"] as const) assert.equal(ended(state, { requests: [cancel] }), "cancelled")
  assert.equal(ended("promoted", { requests: [cancel] }), "promoted")
})

test("a run that is not over is unfinished, and held where a step waits for a person", () => {
  assert.equal(ended("queued"), "unfinished")
  assert.equal(ended("running", { steps: [{ name: "build", state: "begun" }] }), "unfinished")
  assert.equal(ended("running", { steps: [{ name: "bake", state: "begun", holding: "0 requests seen" }] }), "held")
  for (const [until, outcome] of [
    ["evidence", "held"],
    ["shards reachable", "held"],
    ["latency back", "unfinished"],
    ["pages gone", "unfinished"],
  ] as const) {
    const hold = { until, since: 0, bound: 60_000, reason: "so it is" }
    assert.equal(ended("running", { steps: [{ name: "bake", state: "begun", holding: hold.reason, hold }] }), outcome)
  }
})

test("a run that failed for what is around it ends with the code of that, so that it can be told from one that is bad", () => {
  const failedWith = (code: string) =>
    exitOf({
      id: 1,
      kind: "release",
      version: "v1",
      commit: "a",
      requestedAt: 0,
      state: "failed",
      requests: [],
      ahead: [],
      steps: [{ name: "build", state: "failed", facts: { code } }],
    })
  assert.deepEqual([failedWith("disk-full"), failedWith("unexpected"), failedWith("bad-file")], [3, 4, 10])
})
