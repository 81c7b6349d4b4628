import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { ChangeStatus, ShardStatus } from "../../change/engine.ts"
import { parseChange } from "../../change/files/load-changes.ts"
import { summarise } from "../../change/status.ts"
import { describeDoubts, fitOf, incompatible } from "./compatibility.ts"

type Contract = ChangeStatus["contract"]
type Readiness = ChangeStatus["readiness"]

const status = (readiness: Readiness, contract: Contract): ChangeStatus => ({
  change: "0001-kopecks",
  readiness,
  contract,
  shards: readiness === "unknown" || contract === "unknown" ? [shard("shop-2", "unknown")] : [],
})

function shard(name: string, phase: ShardStatus["phase"]): ShardStatus {
  const nothing = { rowsDone: 0, rowsTotal: 0, rowsPerSecond: 0, etaMs: undefined, pausedFor: undefined, batchRows: 0, error: undefined }
  return { shard: name, phase, ...nothing }
}

const table: [inCommit: "in" | "not in", readiness: Readiness, contract: Contract, fits: "yes" | "not-ready" | "contracted" | "unknown"][] =
  [
    ["in", "ready", "none", "yes"],
    ["in", "ready", "pending", "yes"],
    ["in", "ready", "begun", "yes"],
    ["in", "ready", "done", "yes"],
    ["in", "ready", "unknown", "yes"],
    ["in", "not-ready", "none", "not-ready"],
    ["in", "not-ready", "pending", "not-ready"],
    ["in", "not-ready", "unknown", "not-ready"],
    ["in", "unknown", "pending", "unknown"],
    ["in", "unknown", "begun", "unknown"],
    ["not in", "ready", "none", "yes"],
    ["not in", "ready", "pending", "yes"],
    ["not in", "ready", "begun", "contracted"],
    ["not in", "ready", "done", "contracted"],
    ["not in", "ready", "unknown", "unknown"],
    ["not in", "not-ready", "none", "yes"],
    ["not in", "not-ready", "pending", "yes"],
    ["not in", "unknown", "none", "yes"],
    ["not in", "unknown", "begun", "contracted"],
    ["not in", "unknown", "unknown", "unknown"],
  ]

for (const [inCommit, readiness, contract, expected] of table) {
  test(`a change that is ${inCommit} the commit, readiness ${readiness}, contract ${contract}: ${expected}`, () => {
    const fit = fitOf(inCommit === "in" ? ["0001-kopecks"] : [], [status(readiness, contract)])
    if (fit.fits === "no") assert.deepEqual(fit.because, [{ change: "0001-kopecks", because: expected }])
    else assert.equal(fit.fits, expected)
  })
}

test("a change that the fleet knows nothing of is not ready", () => {
  assert.deepEqual(fitOf(["0009-unheard"], []), { fits: "no", because: [{ change: "0009-unheard", because: "not-ready" }] })
})

test("without changes and without a fleet every version may run", () => {
  assert.deepEqual(fitOf([], []), { fits: "yes", silent: [] })
})

test("a version that needs nothing of a silent shard may run, and the shard is named", () => {
  const readable = { ...status("unknown", "none"), shards: [shard("shop-1", "verified"), shard("shop-2", "unknown")] }
  assert.deepEqual(fitOf([], [readable]), { fits: "yes", silent: ["shop-2"] })
})

test("what nobody can say names the change, the question and the shard", () => {
  const fit = fitOf(["0001-kopecks"], [status("unknown", "pending")])
  assert.equal(
    fit.fits === "unknown" && describeDoubts(fit.doubts),
    "nobody can say whether 0001-kopecks is ready on shop-2, which does not answer",
  )
})

test("the refusal names every change in the way, and the way out that there is", () => {
  const fit = fitOf(["0002-qr"], [status("ready", "done")])
  assert.equal(fit.fits, "no")
  const refusal = incompatible("v1", fit.fits === "no" ? fit.because : [])
  assert.match(refusal.message, /v1 cannot run on this fleet: 0001-kopecks is contracted.*; 0002-qr is not ready on every shard/)
  assert.match(refusal.hint ?? "", /Go forward/)
})

const phases = ["absent", "expanding", "expanded", "backfilling", "backfilled", "verified", "contracting", "contracted"] as const
const change = (name: string, operation: string) => parseChange(`changes/${name}.yml`, name, `summary: s\noperations:\n  - ${operation}\n`)
const changes = [
  change("0001-takes", "drop_column: { table: public.a, column: b }"),
  change("0002-gives", "add_column: { table: public.a, column: c, type: int }"),
]
const fleetOf = (rows: readonly (readonly ShardStatus["phase"][])[]) =>
  changes.map((each, i) =>
    summarise(
      each,
      (rows[i] ?? []).map((phase, n) => shard(`shop-${n}`, phase)),
    ),
  )

test("a yes or no that was given with shards silent is what all shards together say, whatever the silent ones turn out to be", () => {
  const row = fc.array(fc.constantFrom(...phases), { minLength: 3, maxLength: 3 })
  const silent = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 })
  const inCommit = fc.subarray(changes.map(({ name }) => name))
  let answered = 0
  fc.assert(
    fc.property(row, row, silent, inCommit, (one, two, isSilent, own) => {
      const heard = [one, two].map((all) => all.map((phase, n) => (isSilent[n] === true ? "unknown" : phase)))
      const [partial, whole] = [fitOf(own, fleetOf(heard)), fitOf(own, fleetOf([one, two]))]
      assert.notEqual(whole.fits, "unknown", "with every shard heard nothing is unknown")
      if (partial.fits === "unknown") return
      answered++
      assert.equal(partial.fits, whole.fits)
    }),
    { numRuns: 2_000 },
  )
  assert.ok(answered > 200, "the property was about something")
})

test("an unknown is one indeed: what the silent shards may turn out to be makes it a yes and makes it a no", () => {
  const row = fc.array(fc.constantFrom("verified" as const, "unknown" as const), { minLength: 2, maxLength: 3 })
  fc.assert(
    fc.property(row, fc.subarray(changes.map(({ name }) => name)), (phasesHeard, own) => {
      const heard = (as: ShardStatus["phase"]) => phasesHeard.map((phase) => (phase === "unknown" ? as : phase))
      if (fitOf(own, fleetOf([phasesHeard, phasesHeard])).fits !== "unknown") return
      const answers = (["absent", "verified", "contracted"] as const).map((as) => fitOf(own, fleetOf([heard(as), heard(as)])).fits)
      assert.ok(answers.includes("yes") && answers.includes("no"), answers.join())
    }),
  )
})
