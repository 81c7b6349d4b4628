import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { conclude } from "./conclude.ts"
import type { HoldPolicy } from "./conclude.ts"
import type { Verdict } from "./judge.ts"

const policy: HoldPolicy = { for: 60_000, at_least: 100, at_most: 300_000, when_quiet: "hold", hold: 3_600_000 }
const after = (elapsedMs: number, promotedBy?: string) => ({ version: "v2", elapsedMs, promotedBy, next: undefined })
const verdict = (name: Verdict["verdict"]): Verdict => ({ verdict: name, reason: "3 requests seen, 100 needed", findings: [] })
const does = (...given: Parameters<typeof conclude>) => conclude(...given).does

test("a quiet version is held for a person's word, which it names, and goes back only when the hold is over", () => {
  for (const name of ["quiet", "unknown"] as const) {
    const held = conclude(verdict(name), policy, after(300_000))
    assert.equal(held.does, "hold")
    assert.match(
      held.does === "hold" ? held.message : "",
      /conveyor promote v2 takes it as it is, conveyor rollback takes it back; held for 1 h more/,
    )
    const over = conclude(verdict(name), policy, after(3_900_000))
    assert.deepEqual([over.does, over.does === "go-back" && over.code], ["go-back", "no-evidence"])
  }
})

test("a person's word promotes what is held, whatever is known of it", () => {
  fc.assert(
    fc.property(fc.constantFrom("wait", "quiet", "unknown", "good", "bad"), fc.nat(5_000_000), (name, elapsedMs) => {
      assert.equal(does(verdict(name), policy, after(elapsedMs, "anna")), "promote")
    }),
  )
})

test("where quiet versions are to be promoted, they are; unknown is not quiet, and is held all the same", () => {
  const promoting: HoldPolicy = { ...policy, when_quiet: "promote_after" }
  assert.equal(does(verdict("quiet"), promoting, after(300_000)), "promote")
  assert.equal(does(verdict("unknown"), promoting, after(300_000)), "hold")
})

test("good is promoted and bad goes back at once, and names where to look", () => {
  assert.equal(does(verdict("good"), policy, after(0)), "promote")
  const back = conclude(verdict("bad"), policy, after(0))
  assert.match(back.does === "go-back" ? back.hint : "", /conveyor logs v2/)
})

test("what is held keeps no newer release waiting; what only bakes does", () => {
  const waited = { ...after(300_000), next: "v3" }
  const given = conclude(verdict("quiet"), policy, waited)
  assert.deepEqual([given.does, given.does === "go-back" && given.code], ["go-back", "superseded"])
  assert.equal(does(verdict("wait"), policy, waited), "look-again")
})
