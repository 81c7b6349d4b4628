import assert from "node:assert/strict"
import { test } from "node:test"
import type { ReportData } from "./report.ts"
import { sampleReport } from "./sample.ts"
import { switchAddsMs } from "./switch-cost.ts"

const good = sampleReport()

test("a stall at a switch is what the switch costs, and a calm one costs less", () => {
  assert.equal(switchAddsMs(stalledAtSwitch()), 500)
  assert.ok((switchAddsMs(good) ?? Infinity) < 500)
})

test("without a switch nothing is measured", () => {
  assert.equal(switchAddsMs({ ...good, timeline: [] }), undefined)
})

function stalledAtSwitch(): ReportData {
  const startedAt = good.report.releases[0]?.steps.find(({ name }) => name === "switch")?.startedAt ?? 0
  const second = Math.floor(startedAt / 1_000)
  const slowestBefore = Math.max(
    ...good.timeline.filter((slice) => slice.second >= second - 10 && slice.second < second).map(({ maxMs }) => maxMs),
  )
  const timeline = good.timeline.map((slice) => (slice.second === second ? { ...slice, maxMs: slowestBefore + 500 } : slice))
  return { ...good, timeline }
}
