// How fast the error budget of a goal burns, over several windows at once: a long one, so that what passes wakes nobody, with a short one,
// so that what has passed stops. Pure. Source: Google, The Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".

/** Since some beginning; counts only grow. */
export interface Traffic {
  at: number
  requests: number
  failed: number
}

export interface BurnRule {
  /** So many times as fast as the budget would last for 30 days. */
  burn: number
  longMs: number
  shortMs: number
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** 2% of the budget in an hour, 5% in six. */
export const wakes: readonly BurnRule[] = [
  { burn: 14.4, longMs: hour, shortMs: 5 * minute },
  { burn: 6, longMs: 6 * hour, shortMs: 30 * minute },
]
/** 10% in a day, and in three. */
export const wastes: readonly BurnRule[] = [
  { burn: 3, longMs: day, shortMs: 2 * hour },
  { burn: 1, longMs: 3 * day, shortMs: 6 * hour },
]
export const longestWindowMs = 3 * day

/** One failure among few requests is no rate. */
const fewestFailed = 10

export type Burning =
  | { is: "burning"; rule: BurnRule; failed: number; requests: number }
  | { is: "within"; failed: number; requests: number }
  | { is: "unknown"; because: string }

/** `history`: oldest first. Where it is shorter than a window, all of it is that window. */
export function burning(history: readonly Traffic[], now: Traffic, goal: number, rules: readonly BurnRule[]): Burning {
  const budget = 1 - goal
  const [shortest] = rules.map(({ shortMs }) => within(history, now, shortMs)).toSorted((a, b) => a.requests - b.requests)
  if (shortest === undefined || shortest.requests === 0) return { is: "unknown", because: "nobody has asked for anything" }
  for (const rule of rules) {
    const long = within(history, now, rule.longMs)
    const short = within(history, now, rule.shortMs)
    const isAbove = [long, short].every(({ failed, requests }) => failed > requests * budget * rule.burn)
    if (isAbove && long.failed >= fewestFailed) return { is: "burning", rule, ...long }
  }
  return { is: "within", ...shortest }
}

function within(history: readonly Traffic[], now: Traffic, windowMs: number): { failed: number; requests: number } {
  const from = history.findLast(({ at }) => at <= now.at - windowMs) ?? history[0] ?? now
  return { failed: now.failed - from.failed, requests: now.requests - from.requests }
}
