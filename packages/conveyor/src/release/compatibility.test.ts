import assert from "node:assert/strict"
import { test } from "node:test"
import type { ChangeStatus } from "../change/engine.ts"
import { ConveyorError } from "../kernel/errors.ts"
import { assertMayRun, incompatibilities } from "./compatibility.ts"

type Contract = ChangeStatus["contract"]
const status = (isReady: boolean, contract: Contract): ChangeStatus => ({ change: "0001-kopecks", isReady, contract, shards: [] })

const table: [inCommit: "in" | "not in", isReady: "ready" | "not ready", contract: Contract, may: "runs" | "not-ready" | "contracted"][] = [
  ["in", "ready", "none", "runs"],
  ["in", "ready", "pending", "runs"],
  ["in", "ready", "begun", "runs"],
  ["in", "ready", "done", "runs"],
  ["in", "not ready", "none", "not-ready"],
  ["in", "not ready", "pending", "not-ready"],
  ["not in", "ready", "none", "runs"],
  ["not in", "ready", "pending", "runs"],
  ["not in", "ready", "begun", "contracted"],
  ["not in", "ready", "done", "contracted"],
  ["not in", "not ready", "none", "runs"],
  ["not in", "not ready", "pending", "runs"],
]

for (const [inCommit, readiness, contract, expected] of table) {
  test(`a change that is ${inCommit} the commit, ${readiness}, contract ${contract}: ${expected}`, () => {
    const found = incompatibilities(inCommit === "in" ? ["0001-kopecks"] : [], [status(readiness === "ready", contract)])
    assert.deepEqual(found, expected === "runs" ? [] : [{ change: "0001-kopecks", because: expected }])
  })
}

test("a change that the fleet knows nothing of is not ready", () => {
  assert.deepEqual(incompatibilities(["0009-unknown"], []), [{ change: "0009-unknown", because: "not-ready" }])
})

test("without changes and without a fleet every version may run", () => {
  assert.doesNotThrow(() => assertMayRun("v1", [], []))
})

test("the refusal names every change in the way, and the way out that there is", () => {
  assert.throws(
    () => assertMayRun("v1", ["0002-qr"], [status(true, "done")]),
    (thrown) => {
      assert.ok(thrown instanceof ConveyorError)
      assert.equal(thrown.code, "incompatible")
      assert.match(thrown.message, /v1 cannot run on this fleet: 0001-kopecks is contracted.*; 0002-qr is not ready on every shard/)
      assert.match(thrown.hint ?? "", /Go forward/)
      return true
    },
  )
})
