// What users get while the conveyor works, from the edge's counters: how slow, and how many errors. Asked by the change engine
// between batches and during a soft drop, and by the step start before new copies; made by wiring/.
import type { EdgeMetering, VersionCounters } from "../../edge/edge.ts"
import { noCounters } from "../../edge/edge.ts"
import { addCounters } from "../../edge/sums.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import { milliseconds, seconds } from "../../kernel/time/duration.ts"
import { describe } from "../../kernel/errors/errors.ts"
import { isMoreThanOneWord } from "../evidence/clients.ts"
import { percentile, since } from "../evidence/counters.ts"

/** Answers of so long tell how users fare now. */
const windowMs = seconds(3)
/** So long before a release says how it usually is. */
const usualMs = seconds(60)
/** Where nobody asks, somebody has to look now and then, so that there is a before. */
const lookEveryMs = seconds(10)
/** Every shard asks; the edge is asked no more often than this. */
const askEveryMs = milliseconds(250)
/** Fewer requests in the window are no crowd to be careful of. */
const fewestRequests = 20
/** A watch that was not asked for so long has ended; the next question begins another. */
const watchEndsAfterMs = seconds(5)
const fewestErrors = 5
const errorRate = 0.01

interface Look {
  at: number
  totals: VersionCounters
  /** Members of the edge that did not answer. */
  silent: readonly string[]
}

/** How long nineteen of twenty answers take at the most; "few": hardly anybody asks; "unknown": the edge does not say. */
export type UsersWait = { is: "known"; ms: number } | { is: "few" } | { is: "unknown"; because: string }

export class UsersView {
  readonly #metering: EdgeMetering
  readonly #clock: Clock
  #looks: Look[] = []
  #asking: Promise<Look> | undefined
  #watch: { began: Look; askedAt: number } | undefined

  constructor(metering: EdgeMetering, clock: Clock) {
    this.#metering = metering
    this.#clock = clock
  }

  /** The 99th percentile in ms of the newest answers; 0 where hardly anybody asks. */
  async p99Ms(signal: AbortSignal): Promise<number> {
    const now = await this.#look(signal)
    const before = this.#looks.findLast((look) => look.at <= now.at - windowMs) ?? this.#looks[0]
    const newest = since(before?.totals, now.totals)
    return before === now || newest.requests < fewestRequests ? 0 : percentile(newest, 0.99)
  }

  /** Over the last seconds. */
  waitNow(signal: AbortSignal): Promise<UsersWait> {
    return this.#waitOver(windowMs, signal)
  }

  /** Over the last minute, as far as anybody looked. */
  usualWait(signal: AbortSignal): Promise<UsersWait> {
    return this.#waitOver(usualMs, signal)
  }

  /** So that there is a before when a release begins: called about once a second, asks the edge seldom. */
  async lookNowAndThen(signal: AbortSignal): Promise<void> {
    const last = this.#looks.at(-1)
    if (last === undefined || this.#clock.now() - last.at >= lookEveryMs) await this.#look(signal)
  }

  async #waitOver(ms: number, signal: AbortSignal): Promise<UsersWait> {
    const looked = await this.#look(signal).catch((thrown: unknown) => {
      signal.throwIfAborted()
      return describe(thrown)
    })
    if (typeof looked === "string") return { is: "unknown", because: looked }
    if (looked.silent.length > 0) return { is: "unknown", because: `edge ${looked.silent.join(", ")} does not answer` }
    const whole = this.#looks.filter((look) => look.silent.length === 0)
    const before = whole.findLast((look) => look.at <= looked.at - ms) ?? whole[0]
    const newest = since(before?.totals, looked.totals)
    return before === looked || newest.requests < fewestRequests ? { is: "few" } : { is: "known", ms: percentile(newest, 0.95) }
  }

  /**
   * Reasons to bring back what was hidden: more than one in a hundred requests fails since the first of these questions, and not one
   * client's alone; or nobody can say, because an edge is silent.
   */
  async complaints(signal: AbortSignal): Promise<string[]> {
    const now = await this.#look(signal)
    const isNew = this.#watch === undefined || now.at - this.#watch.askedAt > watchEndsAfterMs
    const began = isNew || this.#watch === undefined ? now : this.#watch.began
    this.#watch = { began, askedAt: now.at }
    return [
      ...now.silent.map((member) => `what users get is not known: edge ${member} does not answer`),
      ...failuresOf(since(began.totals, now.totals)),
    ]
  }

  async #look(signal: AbortSignal): Promise<Look> {
    const last = this.#looks.at(-1)
    if (last !== undefined && this.#clock.now() - last.at < askEveryMs) return last
    this.#asking ??= this.#ask(signal).finally(() => (this.#asking = undefined))
    return this.#asking
  }

  async #ask(signal: AbortSignal): Promise<Look> {
    const { versions, silent } = await this.#metering.observe(signal)
    const totals = total(Object.values(versions).map((load) => load.counters))
    const look = { at: this.#clock.now(), totals, silent: silent.map(({ member }) => member) }
    const kept = this.#looks.filter((each) => each.at > look.at - usualMs - lookEveryMs)
    this.#looks = [...kept, look]
    return look
  }
}

/** One client alone complains of nothing: what it sends may fail anywhere. */
function failuresOf({ askedBy, failedBy }: VersionCounters): string[] {
  const [requests, failed] = [sum(askedBy), sum(failedBy)]
  const [asking, failing] = [askedBy, failedBy].map((counts) => counts.filter((count) => count > 0).length)
  const isMuch = failed >= fewestErrors && failed > requests * errorRate
  if (!isMuch || !isMoreThanOneWord({ failing: failing ?? 0, asking: asking ?? 0, everybody: asking ?? 0, requests })) return []
  return [`${failed} of ${requests} requests have failed since the old was hidden, of ${failing} clients`]
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)

const total = (all: readonly VersionCounters[]): VersionCounters => all.reduce(addCounters, noCounters)
