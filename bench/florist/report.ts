// The platform's bench: what the shops' traffic costs through the edge, how much of it this machine carries, what each service adds, and whether lists stay flat.
// Called by main.ts.
import type { BenchContext, BenchReport, Row } from "../report.ts"
import type { GrowthFigures } from "./growth.ts"
import { measureGrowth } from "./growth.ts"
import type { LoadFigures } from "./load.ts"
import { load } from "./load.ts"
import { setStage } from "./stage.ts"
import type { Stage } from "./stage.ts"

const shops = 8_500
/** Ten times the mean of 3.2 million requests a day, in the peak hour. */
const wanted = { perSecond: 1_850, p99Ms: 100 }
const rates = [200, 400, 800, 1_200, wanted.perSecond]
const secondsEach = 12
const aloneAt = { rate: 150, seconds: 6 }
const services = ["staff", "catalog", "stock", "orders", "payments", "loyalty", "reports"]

export async function reportFlorist(context: BenchContext): Promise<BenchReport> {
  const { log, signal } = context
  const stage = await setStage(shops, context)
  try {
    await load(stage, { rate: 200, seconds: 8 }, signal)
    log("warm")
    const steps = await climb(stage, context)
    const alone: LoadFigures[] = []
    for (const only of services) {
      const figures = await load(stage, { ...aloneAt, only }, signal)
      log(`${only} alone at ${aloneAt.rate}/s: ${costOf(figures)}`)
      alone.push(figures)
    }
    const growth = await measureGrowth(stage, context)
    return { rows: [...stepRows(steps), ...aloneRows(alone), ...growthRows(growth)], figures: { shops, wanted, steps, alone, growth } }
  } finally {
    await stage.close()
  }
}

/** Rate after rate, until the platform no longer keeps up. */
async function climb(stage: Stage, { log, signal }: BenchContext): Promise<LoadFigures[]> {
  const steps: LoadFigures[] = []
  for (const rate of rates) {
    const figures = await load(stage, { rate, seconds: secondsEach }, signal)
    steps.push(figures)
    log(
      `${rate}/s: p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms, ${figures.failed} of ${figures.requests} failed ${figures.firstFailure ?? ""}`,
    )
    if (figures.p99Ms > 20 * wanted.p99Ms) break
  }
  return steps
}

function stepRows(steps: readonly LoadFigures[]): Row[] {
  const kept = steps.filter(({ p99Ms, failed }) => p99Ms < wanted.p99Ms && failed === 0)
  const best = kept.at(-1)
  const how = `open loop through the edge, 85% reads, ${shops} shops, ${secondsEach} s each`
  return [
    ...steps.map((step) => ({
      what: `${step.rate} requests a second`,
      value: `p50 ${step.p50Ms} ms, p99 ${step.p99Ms} ms, ${step.failed} of ${step.requests} failed`,
      how: costOf(step),
    })),
    {
      what: `p99 under ${wanted.p99Ms} ms with nothing failed`,
      value: best === undefined ? "at none of the rates" : `up to ${best.rate} a second (${wanted.perSecond} wanted)`,
      how,
    },
  ]
}

function aloneRows(alone: readonly LoadFigures[]): Row[] {
  return alone.map((figures) => ({
    what: `a read of ${figures.only}`,
    value: costOf(figures),
    how: `alone at ${figures.rate} a second; CPU by /proc`,
  }))
}

function growthRows(growth: readonly GrowthFigures[]): Row[] {
  return growth.map(({ list, smallMs, largeMs }) => ({
    what: `a million movements against a thousand: ${list.replace(/\?.*/, "").replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "*")}`,
    value: `${(largeMs / smallMs).toFixed(2)}x (${largeMs.toFixed(1)} of ${smallMs.toFixed(1)} ms)`,
    how: "median of 60 requests to each, in turn",
  }))
}

/** CPU ms of a request, by program, the largest first. */
function costOf({ cpuPerThousand }: LoadFigures): string {
  const parts = Object.entries(cpuPerThousand).filter(([, ms]) => ms >= 10)
  const total = parts.reduce((sum, [, ms]) => sum + ms, 0)
  const each = parts.toSorted(([, a], [, b]) => b - a).map(([name, ms]) => `${name} ${(ms / 1_000).toFixed(2)}`)
  return `${(total / 1_000).toFixed(2)} ms of CPU: ${each.join(", ")}`
}
