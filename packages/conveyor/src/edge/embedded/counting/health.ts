// Which copies are to be asked, by what the edge itself has seen of them: one that refuses, breaks off, hangs or fails more than
// its siblings is left out for a while, and comes back slowly. Kept by the traffic; no effects, and time is passed in.
import type { Target } from "../../edge.ts"

/** What became of one request at a copy. "left": its client went, or it was a stream: that says nothing. */
export type Heard = "answered" | "failed" | "refused" | "broke" | "timed-out" | "left"

export interface HealthChange {
  copy: string
  change: "out" | "back"
  reason: string
}

interface Slot {
  second: number
  answers: number
  failures: number
}

interface CopyHealth {
  /** Asked, and nothing heard yet. */
  waiting: number
  /** Since when those have waited without any answer, in ms. */
  silentSince: number
  lastAnswerAt: number
  /** Requests in a row that got no answer at all. */
  unanswered: number
  slots: Slot[]
  outUntil: number
  outReason: string | undefined
  outMs: number
  backAt: number
}

/** Each row: when a copy is left out. The first that holds is the reason. */
const judgements: readonly { reason: string; holds: (copy: CopyHealth, siblings: readonly CopyHealth[], now: number) => boolean }[] = [
  { reason: "requests break off", holds: ({ unanswered }) => unanswered >= brokenInRow },
  {
    reason: "it does not answer, and its siblings do",
    holds: ({ waiting, silentSince }, siblings, now) =>
      waiting >= waitingAtLeast && now - silentSince > hangMs && siblings.some(({ lastAnswerAt }) => now - lastAnswerAt < hangMs),
  },
  {
    reason: "it fails far more than its siblings",
    holds: (copy, siblings, now) => {
      const [own, others] = [sumOf([copy], now), sumOf(siblings, now)]
      return own.answers >= answersAtLeast && others.answers >= answersAtLeast && shareOf(own) >= 0.5 && shareOf(others) <= 0.1
    },
  },
]

const brokenInRow = 3
const waitingAtLeast = 3
const hangMs = 800
const answersAtLeast = 10
const windowSeconds = 10
const [firstOutMs, longestOutMs] = [1_000, 30_000]
const slowStartMs = 5_000
/** So long well, a copy begins with the shortest time out again. */
const forgivenAfterMs = 60_000

export class Health {
  #copies = new Map<string, CopyHealth>()
  #changed: (change: HealthChange) => void

  constructor(changed: (change: HealthChange) => void = () => {}) {
    this.#changed = changed
  }

  /** Forgets the copies that no table names any more. */
  keep(copies: ReadonlySet<string>): void {
    for (const copy of this.#copies.keys()) if (!copies.has(copy)) this.#copies.delete(copy)
  }

  asked(copy: string, now: number): void {
    const health = this.#of(copy)
    if (health.waiting++ === 0) health.silentSince = now
  }

  heard(copy: string, heard: Heard, now: number): void {
    const health = this.#of(copy)
    health.waiting = Math.max(0, health.waiting - 1)
    if (heard === "left") return
    if (heard === "refused") return this.#leaveOut(copy, health, "it refuses connections", now)
    if (heard === "broke" || heard === "timed-out") {
      health.unanswered++
      return
    }
    health.unanswered = 0
    health.lastAnswerAt = health.silentSince = now
    count(health, heard, now)
  }

  /** Whether to ask it now, and how much its load weighs: more than 1 while it comes back. */
  standingOf({ copy }: Target, siblings: readonly Target[], now: number): { isOut: boolean; weight: number } {
    const health = this.#copies.get(copy)
    if (health === undefined) return { isOut: false, weight: 1 }
    if (health.outUntil <= now && siblings.length > 1) this.#judge(copy, health, siblings, now)
    if (health.outUntil > now) return { isOut: true, weight: 1 }
    if (health.outReason !== undefined) this.#letBack(copy, health, now)
    const backMs = now - health.backAt
    return { isOut: false, weight: backMs < slowStartMs ? slowStartMs / Math.max(backMs, slowStartMs / 10) : 1 }
  }

  #judge(copy: string, health: CopyHealth, targets: readonly Target[], now: number): void {
    const siblings = targets.flatMap((target) => (target.copy === copy ? [] : (this.#copies.get(target.copy) ?? [])))
    const judgement = judgements.find(({ holds }) => holds(health, siblings, now))
    if (judgement !== undefined) this.#leaveOut(copy, health, judgement.reason, now)
  }

  #leaveOut(copy: string, health: CopyHealth, reason: string, now: number): void {
    const isNew = health.outReason === undefined
    health.outMs = now - health.backAt > forgivenAfterMs ? firstOutMs : Math.min(2 * health.outMs, longestOutMs)
    health.outUntil = now + health.outMs
    health.outReason = reason
    if (isNew) this.#changed({ copy, change: "out", reason })
  }

  /** What was held against it is forgotten: it is judged by what comes now. */
  #letBack(copy: string, health: CopyHealth, now: number): void {
    const reason = health.outReason ?? ""
    Object.assign(health, { outReason: undefined, backAt: now, unanswered: 0, slots: [], silentSince: now })
    this.#changed({ copy, change: "back", reason })
  }

  #of(copy: string): CopyHealth {
    const known = this.#copies.get(copy)
    if (known !== undefined) return known
    const health: CopyHealth = {
      waiting: 0,
      silentSince: 0,
      lastAnswerAt: -Infinity,
      unanswered: 0,
      slots: [],
      outUntil: -Infinity,
      outReason: undefined,
      outMs: firstOutMs,
      backAt: -Infinity,
    }
    this.#copies.set(copy, health)
    return health
  }
}

function count({ slots }: CopyHealth, heard: "answered" | "failed", now: number): void {
  const second = Math.floor(now / 1_000)
  if (slots.at(-1)?.second !== second) slots.push({ second, answers: 0, failures: 0 })
  if (slots.length > windowSeconds) slots.shift()
  const slot = slots.at(-1)
  if (slot === undefined) return
  slot.answers++
  if (heard === "failed") slot.failures++
}

function sumOf(copies: readonly CopyHealth[], now: number): { answers: number; failures: number } {
  const since = Math.floor(now / 1_000) - windowSeconds
  const sum = { answers: 0, failures: 0 }
  for (const { slots } of copies) {
    for (const { second, answers, failures } of slots) {
      if (second <= since) continue
      sum.answers += answers
      sum.failures += failures
    }
  }
  return sum
}

const shareOf = ({ answers, failures }: { answers: number; failures: number }) => failures / answers
