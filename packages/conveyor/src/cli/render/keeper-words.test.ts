import assert from "node:assert/strict"
import { test } from "node:test"
import { keeperWords } from "./keeper-words.ts"

test("what the keeper did is told with the copy's place, and why where that is known", () => {
  const copy = { id: "v2-web-0", service: "web", index: 0, restarts: 4 }
  const of = { version: "v2", copy }
  assert.equal(
    keeperWords({ kind: "copy-restarted", ...of, reason: "signal SIGKILL" }),
    "web 1 of v2 had ended (signal SIGKILL); started it again",
  )
  assert.equal(keeperWords({ kind: "copy-restarted", ...of }), "web 1 of v2 had ended (how is not known); started it again")
  assert.match(
    keeperWords({ kind: "copy-crash-loop", ...of, reason: "exit code 1" }),
    /^web 1 of v2 ends again and again \(exit code 1\), 5 times in a row/,
  )
  assert.equal(keeperWords({ kind: "version-draining", version: "v1", reason: "2 requests are in flight" }), "2 requests are in flight")
})
