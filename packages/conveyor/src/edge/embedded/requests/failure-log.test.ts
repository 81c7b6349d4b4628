import assert from "node:assert/strict"
import { test } from "node:test"
import type { Facts } from "../../../kernel/errors/errors.ts"
import { silentLogger } from "../../../kernel/logger.ts"
import { FailureLog } from "./failure-log.ts"

test("one failure of a kind is written a second, and the next says how many were left out", () => {
  const written: Facts[] = []
  let now = 0
  const failures = new FailureLog({ ...silentLogger, warn: (facts) => written.push(facts) }, () => now)
  for (now = 0; now < 1_000; now += 100) failures.note("web-1 not-sent", { copy: "web-1" })
  failures.note("web-2 not-sent", { copy: "web-2" })
  now = 1_500
  failures.note("web-1 not-sent", { copy: "web-1" })
  assert.deepEqual(written, [{ copy: "web-1" }, { copy: "web-2" }, { copy: "web-1", leftOut: 9 }])
})
