import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { Outcome } from "../checks/check.ts"
import { isBad, judge, unseen } from "./judge.ts"
import type { Standing } from "./judge.ts"
import { defaultRule } from "./rule.ts"

const outcomes: Readonly<Record<string, Outcome>> = { "+": "fine", "-": "problem", "?": "unknown" }

/** The standing after each of the findings, written as "+" fine, "-" problem, "?" unknown. */
function standings(findings: string): Standing[] {
  let judged = unseen
  return findings.split("").map((each) => {
    judged = judge(judged, outcomes[each] ?? "unknown", defaultRule)
    return judged.standing
  })
}
const lastOf = (findings: string) => standings(findings).at(-1)

for (const [findings, expected, promise] of [
  ["+", "fine", "what is fine at once is fine"],
  ["-", "unseen", "one problem is not yet one"],
  ["+--", "fine", "two problems are not yet one"],
  ["+---", "problem", "three in a row are one"],
  ["+-?-", "fine", "what nobody knows between two problems is none of them"],
  ["+-?-?-", "problem", "and does not part three of them"],
  ["+---+", "problem", "one lucky answer ends nothing"],
  ["+---++", "fine", "two in a row end it"],
  ["+????", "fine", "four times nobody knows is not told yet"],
  ["+?????", "unknown", "five times are"],
  ["+?????+", "unknown", "and are over like a problem, by two"],
  ["+?????++", "fine", "and are over like a problem, by two, seen"],
  ["+---??????", "problem", "who stops answering in an incident is not recovered"],
  ["+---++---++---++---", "flapping", "to and fro is flapping"],
  ["+---++---++---++---++", "flapping", "and two good answers do not end that"],
  ["+---++---++---++---+++++++++++", "fine", "holding still does"],
  ["+---++---++---++-------------", "problem", "holding still in the bad does too"],
] as const) {
  test(`${promise}: ${findings}`, () => assert.equal(lastOf(findings), expected))
}

test("whatever is found: nothing is fine that had a problem last, and nothing opens without a run of bad findings", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("+", "-", "?"), { minLength: 1, maxLength: 80 }), (found) => {
      const findings = found.join("")
      standings(findings).forEach((standing, i) => {
        const before = standings(findings.slice(0, i)).at(-1) ?? "unseen"
        if (standing === "fine" && before !== "fine") assert.equal(findings[i], "+")
        if (!isBad(standing) || isBad(before)) return
        const sinceFine =
          findings
            .slice(0, i + 1)
            .split("+")
            .at(-1) ?? ""
        assert.ok(/(-.*){3}/.test(sinceFine) || /(\?.*){5}/.test(sinceFine), findings)
      })
    }),
    { numRuns: 300 },
  )
})
