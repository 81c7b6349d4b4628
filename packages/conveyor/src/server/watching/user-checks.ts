// What users get, from the edge's counters, which outlive releases: whether failures burn the goal's budget too fast. One check wakes
// people, one says that the budget goes slowly. Called by the watching of the control plane.
import type { EdgeMetering } from "../../edge/edge.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import type { Traffic as Book } from "../../watch/book/traffic.ts"
import { fine, problem, unknown } from "../../watch/checks/check.ts"
import type { Finding } from "../../watch/checks/check.ts"
import { burning, wakes, wastes } from "../../watch/judgement/burn-rate.ts"
import type { BurnRule, Traffic } from "../../watch/judgement/burn-rate.ts"
import { defaultRule } from "../../watch/judgement/rule.ts"
import type { Watched } from "../../watch/plan.ts"

/** The windows have smoothed it already; a quiet night is no incident. */
const rule = { ...defaultRule, openAfter: 1, unknownAfter: Number.MAX_SAFE_INTEGER }
const pace = { everyMs: 10_000, withinMs: 5_000, rule, dependsOn: [] }

export function userChecks({
  metering,
  traffic,
  goal,
  clock,
}: {
  metering: EdgeMetering
  traffic: Book
  goal: number
  clock: Clock
}): Watched[] {
  const check = (name: string, rules: readonly BurnRule[], severity: Watched["severity"]): Watched => ({
    check: { name, kind: "users", place: {}, ask: async (signal) => findingOf(await seen(metering, clock, signal), traffic, goal, rules) },
    ...pace,
    severity,
  })
  return [check("users", wakes, "page"), check("users over days", wastes, "ticket")]
}

/** Undefined where an edge does not answer: the sum of the others would be no sum. */
async function seen(metering: EdgeMetering, clock: Clock, signal: AbortSignal): Promise<Traffic | undefined> {
  const { versions, silent } = await metering.observe(signal)
  if (silent.length > 0) return undefined
  const all = Object.values(versions).map(({ counters }) => counters)
  const sum = (of: (counters: (typeof all)[number]) => number) => all.reduce((total, each) => total + of(each), 0)
  return {
    at: clock.now(),
    requests: sum(({ requests }) => requests),
    // What another version answered instead did not fail for its user.
    failed: sum(({ serverErrors, unreachable, rescued }) => serverErrors + unreachable - rescued),
  }
}

function findingOf(now: Traffic | undefined, traffic: Book, goal: number, rules: readonly BurnRule[]): Finding {
  if (now === undefined) return unknown("an edge does not say what its users got")
  const { history } = traffic
  const says = burning(history, now, goal, rules)
  traffic.see(now)
  if (says.is === "unknown") return unknown(says.because)
  const share = `${says.failed} of ${says.requests} requests failed`
  if (says.is === "within") return fine(`${share}, within the goal of ${percent(goal)}`)
  return problem(`${share} in ${hours(says.rule.longMs)}: ${says.rule.burn} times as fast as the goal of ${percent(goal)} allows`)
}

const percent = (part: number) => `${Number((part * 100).toFixed(4))}%`
const hours = (ms: number) => (ms >= 86_400_000 ? `${ms / 86_400_000} d` : `${ms / 3_600_000} h`)
