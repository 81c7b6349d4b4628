import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { Comparison, ComparisonCell } from "../../edge/edge.ts"
import { judge, warmUpMs } from "./judge.ts"
import type { BakePolicy, Evidence, Verdict } from "./judge.ts"
import { cell } from "./testing.ts"

const policy: BakePolicy = { for: 60_000, at_least: 100, at_most: 300_000 }

function verdict(cells: readonly ComparisonCell[], more: Partial<Evidence> & { before?: Comparison["before"] } = {}): Verdict {
  const { before = {}, ...rest } = more
  const comparison = { newer: "v2", older: "v1", cells, before }
  return judge({ comparison, sinceWarm: cells, requests: 1_000, elapsedMs: policy.for, silent: [], ...rest }, policy)
}

const says = (...given: Parameters<typeof verdict>) => verdict(...given).verdict
/** The same of each of these clients. */
const clients = (numbers: readonly number[], parts: Partial<ComparisonCell>) => numbers.map((client) => cell({ client, ...parts }))
const writes = (requests: number, failed: number) => ({ route: "writes to /orders", newer: { requests, failed } })
const healthy = clients([4, 5, 6, 7], { pairs: 50 })

test("the first version has nothing to be compared with", () => {
  const evidence = { comparison: undefined, sinceWarm: [], requests: 0, elapsedMs: 0, silent: [] }
  assert.equal(judge(evidence, policy).verdict, "good")
})

test("too little is never good, however long it waits, and never bad either: it is quiet", () => {
  fc.assert(
    fc.property(fc.nat(99), fc.nat(1_000_000), (requests, elapsedMs) => {
      assert.equal(says([], { requests, elapsedMs }), elapsedMs < policy.at_most ? "wait" : "quiet")
    }),
  )
})

test("nobody has to ask where nothing is needed", () => {
  const evidence = {
    comparison: { newer: "v2", older: "v1", cells: [], before: {} },
    sinceWarm: [],
    requests: 0,
    elapsedMs: policy.for,
    silent: [],
  }
  assert.equal(judge(evidence, { ...policy, at_least: 0 }).verdict, "good")
})

test("before its time is up the best version only waits", () => {
  assert.equal(says(healthy, { elapsedMs: policy.for - 1 }), "wait")
  assert.equal(says(healthy), "good")
})

test("requests that the older version answers and the newer fails are bad at once, not only when the time is up", () => {
  assert.equal(says(clients([1, 2, 3], { pairs: 20, onlyNewer: 6 }), { elapsedMs: 1_000 }), "bad")
})

test("a noisy neighbour hits both: what fails on both, or on either by turns, condemns nobody", () => {
  assert.equal(says(clients([1, 2, 3], { pairs: 200, both: 150 })), "good")
  assert.equal(says(clients([1, 2, 3], { pairs: 200, onlyNewer: 20, onlyOlder: 20 })), "good")
})

test("eight odd requests that fail on any version take nothing back", () => {
  assert.equal(says([...healthy, cell({ client: 1, pairs: 8, both: 8 })]), "good")
})

test("one client among others decides nothing, whatever it sends and however often", () => {
  fc.assert(
    fc.property(fc.nat(5_000), fc.nat(5_000), fc.nat(5_000), (onlyNewer, failed, newerSlower) => {
      const odd = cell({ client: 1, pairs: onlyNewer + newerSlower, onlyNewer, newerSlower, ...writes(failed, failed) })
      assert.notEqual(says([...healthy, odd]), "bad")
    }),
  )
})

test("one client's failures are named where they are few, and held for an answer where they are much of all that is asked", () => {
  const crowd = clients([2, 3, 4, 5], writes(500, 0))
  const few = verdict([...crowd, cell({ client: 1, ...writes(60, 60) })])
  assert.equal(few.verdict, "good")
  assert.match(
    few.reason,
    /left out: more errors than before: 60 of 2060 writes to \/orders failed, seen by 1 client; but 1 client alone says so/,
  )
  const much = [...crowd, cell({ client: 1, ...writes(400, 400) })]
  assert.deepEqual([says(much), says(much, { elapsedMs: policy.at_most })], ["wait", "unknown"])
})

test("where the whole site is one address its failures are believed, once it has asked enough", () => {
  assert.equal(says([cell({ pairs: 15, onlyNewer: 15 })], { elapsedMs: 1_000 }), "wait")
  assert.equal(says([cell({ pairs: 100, onlyNewer: 20 })], { elapsedMs: 1_000 }), "bad")
})

test("writes are held against what the older version did on that route", () => {
  const failing = clients([1, 2, 3], writes(100, 10))
  assert.equal(says(failing, { before: { "writes to /orders": { requests: 2_000, failed: 1 } } }), "bad")
  assert.equal(says(failing, { before: { "writes to /orders": { requests: 2_000, failed: 200 } } }), "good", "it was so before")
  assert.equal(says(failing), "bad", "of a new route nothing is known, and one in ten is too many")
})

test("writes that fail while the older version fails as well are nobody's: it is unknown, and neither passed nor taken back", () => {
  const before = { "writes to /orders": { requests: 2_000, failed: 1 } }
  const failing = clients([1, 2, 3], writes(100, 40))
  const pinned = cell({ client: 9, route: "writes to /orders", older: { requests: 50, failed: 20 } })
  assert.deepEqual(
    [says([...failing, pinned], { before }), says([...failing, pinned], { before, elapsedMs: policy.at_most })],
    ["wait", "unknown"],
  )
  const neighbour = clients([7, 8, 9], { pairs: 20, both: 10 })
  assert.equal(says([...failing, ...neighbour], { before }), "wait")
  assert.equal(says([...failing, ...healthy], { before }), "bad", "(control) the older version is well")
})

test("what is suspicious when the time is up is watched on, and is nobody's to promote when all time is over", () => {
  const suspect = clients([1, 2, 3], { pairs: 40, onlyNewer: 4 })
  assert.deepEqual([says(suspect), says(suspect, { elapsedMs: policy.at_most })], ["wait", "unknown"])
  assert.match(verdict(suspect).reason, /that may be chance yet/)
  assert.equal(says(clients([1, 2, 3], { pairs: 40, onlyNewer: 2 })), "good", "six of six by chance happen")
})

test("few requests that mostly fail on the new version alone are never good, however few are asked for", () => {
  const small = { ...policy, at_least: 1 }
  for (let failed = 5; failed <= 40; failed++) {
    for (const older of [0, Math.floor(failed / 8)]) {
      const cells = [cell({ client: -1, pairs: 2 * failed, onlyNewer: failed, onlyOlder: older })]
      const evidence = { comparison: { newer: "v2", older: "v1", cells, before: {} }, sinceWarm: [], requests: 2 * failed, silent: [] }
      assert.notEqual(judge({ ...evidence, elapsedMs: policy.for }, small).verdict, "good", `${failed} to ${older}`)
    }
  }
})

test("four errors are chance, whatever the rate", () => {
  assert.notEqual(says(clients([1, 2, 3, 4], { pairs: 1, onlyNewer: 1 })), "bad")
  assert.notEqual(says(clients([1, 2, 3, 4], writes(1, 1))), "bad")
})

test("slower is judged by route, at the same moment, and only once the version is warm", () => {
  const slow = clients([1, 2, 3], { route: "reads of /report", pairs: 20, newerSlower: 12 })
  assert.equal(says([...healthy, ...slow]), "bad")
  assert.equal(says([...healthy, ...slow], { sinceWarm: healthy }), "good", "its first requests are slow, that says nothing")
  assert.equal(says(clients([1, 2, 3], { pairs: 20, newerSlower: 12, olderSlower: 12 })), "good", "both have been slow by turns")
  assert.equal(says(clients([1, 2, 3], { pairs: 200, newerSlower: 20 })), "good", "one in ten")
  assert.equal(warmUpMs({ for: 120_000 }), 10_000)
  assert.equal(warmUpMs({ for: 3_000 }), 1_500)
})

test("while an edge is silent nothing is good; what the others saw is bad all the same", () => {
  assert.equal(says(healthy, { silent: ["b"] }), "wait")
  assert.equal(says(healthy, { silent: ["b"], elapsedMs: policy.at_most }), "unknown")
  assert.match(verdict(healthy, { silent: ["b"] }).reason, /edge b does not answer/)
  assert.equal(says(clients([1, 2, 3], { pairs: 20, onlyNewer: 6 }), { silent: ["b"] }), "bad")
})

test("a good verdict says how small a fault it would have found", () => {
  assert.match(verdict(clients([1, 2, 3, 4], { pairs: 200 })).reason, /a fault in 2\.0% of what reads would have shown$/)
  assert.doesNotMatch(verdict(clients([1, 2, 3], writes(500, 0))).reason, /would have shown/, "nothing was compared")
})

test("the reason names the test, both versions, the numbers and how many clients saw it", () => {
  const { reason, findings } = verdict(clients([1, 2, 3], { pairs: 20, onlyNewer: 6 }), { elapsedMs: 1_000 })
  assert.equal(
    reason,
    "worse than v1 at the same moment: of 18 requests that one of the two alone failed, 18 were failed by the new version, seen by 3 clients",
  )
  assert.equal(findings[0]?.test, "pairs")
  assert.ok((findings[0]?.eValue ?? 0) >= (findings[0]?.needed ?? Infinity))
})
