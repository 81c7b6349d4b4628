import assert from "node:assert/strict"
import { test } from "node:test"
import { callbackPlan, plainPlan, plannedCallbacks, retryAt } from "./callback-plan.ts"

const endedAt = new Date("2026-03-08T09:00:00Z")
const expiresAt = new Date("2026-03-08T09:10:00Z")

test("a bank that works tells of a payment once, at once", () => {
  assert.deepEqual(plannedCallbacks(plainPlan, "SUCCESS", endedAt, expiresAt), [{ status: "SUCCESS", dueAt: endedAt }])
})

test("a plan says how often, in which order and when", () => {
  const statuses = (plan: object) => plannedCallbacks(callbackPlan.parse(plan), "SUCCESS", endedAt, expiresAt).map(({ status }) => status)
  assert.deepEqual(statuses({ copies: 3 }), ["SUCCESS", "SUCCESS", "SUCCESS"])
  assert.deepEqual(statuses({ sequence: "progress-first" }), ["IN_PROGRESS", "SUCCESS"])
  assert.deepEqual(statuses({ sequence: "final-first", copies: 2 }), ["SUCCESS", "SUCCESS", "IN_PROGRESS", "IN_PROGRESS"])
  const dueAt = (plan: object, until: Date | undefined) =>
    plannedCallbacks(callbackPlan.parse(plan), "SUCCESS", endedAt, until)[0]?.dueAt.toISOString()
  assert.equal(dueAt({ delayMs: 1500 }, expiresAt), "2026-03-08T09:00:01.500Z")
  assert.equal(dueAt({ delayMs: 1500, send: "after-expiry" }, expiresAt), "2026-03-08T09:10:01.500Z")
  assert.equal(dueAt({ send: "after-expiry" }, undefined), "2026-03-08T09:00:00.000Z")
})

test("attempts go on for a day at growing intervals, and no longer", () => {
  const times = [endedAt.getTime()]
  for (let attempt = 1; ; attempt += 1) {
    const next = retryAt(endedAt, attempt)
    if (next === undefined) break
    times.push(next.getTime())
  }
  const pauses = times.slice(1).map((time, n) => time - (times[n] ?? 0))
  assert.ok(
    pauses.every((pause, n) => n === 0 || pause > (pauses[n - 1] ?? 0)),
    pauses.join(),
  )
  const lasted = (times.at(-1) ?? 0) - endedAt.getTime()
  assert.ok(lasted > 12 * 3600_000 && lasted <= 24 * 3600_000, `${lasted}`)
})
