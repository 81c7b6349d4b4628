import assert from "node:assert/strict"
import { test } from "node:test"
import { versionMay, versionState, versionStates } from "./version-state.ts"
import type { VersionFacts, VersionState } from "./version-state.ts"

function* everyCase(): Generator<VersionFacts> {
  for (const artifact of ["built", "none"] as const)
    for (const routed of ["current", "old", "no"] as const)
      for (const routing of ["known", "doubted"] as const)
        for (const window of ["none", "open", "over"] as const)
          for (const copies of ["some", "none"] as const)
            for (const run of ["starts-it", "bakes-it", "takes-it-back", "rolls-back-to-it", "may-go-back-to-it", "none"] as const)
              yield { artifact, routed, routing, window, copies, run }
}

/** Holds the promise against every combination of facts that there is. */
function inEveryCase(promise: (facts: VersionFacts, state: VersionState) => void): void {
  for (const facts of everyCase()) {
    try {
      promise(facts, versionState(facts))
    } catch (cause) {
      throw new Error(`${versionState(facts)}: ${JSON.stringify(facts)}`, { cause })
    }
  }
}

/** Somebody needs it, or may: users, the run under way, a person who has been promised a way back. */
const isNeeded = ({ routed, window, run }: VersionFacts) =>
  routed === "current" || run !== "none" || window === "open" || (routed === "old" && window === "none")

test("what anybody needs is never stopped, and what may still serve is not either, until that is known", () => {
  inEveryCase((facts, state) => {
    if (isNeeded(facts)) assert.equal(versionMay[state].stop, "no")
    else if (facts.routing === "doubted") assert.notEqual(versionMay[state].stop, "yes")
  })
})

test("what nobody needs is stopped as soon as it is known that it does not serve: nothing is left behind", () => {
  inEveryCase((facts, state) => {
    if (isNeeded(facts) || facts.routing === "doubted") return
    const isLeft = facts.copies === "some" || facts.routed !== "no" || facts.window !== "none"
    assert.equal(versionMay[state].stop, isLeft ? "yes" : "done")
  })
})

test("a schema loses nothing that a version with any trace left could need", () => {
  inEveryCase(({ routed, window, copies, run }, state) => {
    const hasTrace = routed !== "no" || window !== "none" || copies === "some" || run !== "none"
    assert.equal(versionMay[state].drop === "yes", !hasTrace)
  })
})

test("a version is either looked after by its run, or kept, or stopped, or gone: never two of them, and never nobody", () => {
  inEveryCase(({ run, routing }, state) => {
    const { keep, stop } = versionMay[state]
    const byItsRun = run !== "none" && run !== "may-go-back-to-it"
    const by = [byItsRun, keep === "yes", stop === "yes", stop === "done", stop === "hold"].filter(Boolean)
    assert.equal(by.length, 1)
    if (stop === "hold") assert.equal(routing, "doubted")
  })
})

test("nothing that a run is about is given up, and what is given up is not kept any more", () => {
  inEveryCase((facts, state) => {
    const { retire } = versionMay[state]
    if (facts.run !== "none" || facts.routed === "current") assert.equal(retire, "no")
    if (retire === "yes") assert.equal(versionMay[versionState({ ...facts, window: "over" })].keep, "no")
    if (retire === "done") assert.equal(versionMay[state].keep, "no")
  })
})

test("only a version that bakes is promoted by hand, and none that has not proven itself yet is rolled back to", () => {
  inEveryCase(({ run }, state) => {
    assert.equal(versionMay[state].promote === "yes", run === "bakes-it")
    if (["starts-it", "bakes-it", "takes-it-back"].includes(run)) assert.equal(versionMay[state].rollback, "no")
  })
})

test("every state is the state of some version", () => {
  const reached = new Set([...everyCase()].map(versionState))
  assert.deepEqual([...reached].toSorted(), [...versionStates].toSorted())
})
