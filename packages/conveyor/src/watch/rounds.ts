// Asks every check in its time, judges what it finds, opens and closes incidents. What is known is in the book: a watch that was
// killed goes on where it was. Started by watch.ts.
import type { Clock } from "../kernel/time/clock.ts"
import { describe } from "../kernel/errors/errors.ts"
import type { Logger } from "../kernel/logger.ts"
import type { Book } from "./book/book.ts"
import type { Finding } from "./checks/check.ts"
import type { Trouble } from "./incidents/incident.ts"
import { suspectsOf } from "./incidents/suspects.ts"
import type { Cause } from "./incidents/suspects.ts"
import { tellOfClosed } from "./telling/telling.ts"
import type { Around } from "./telling/telling.ts"
import { isBad, judge, unseen } from "./judgement/judge.ts"
import type { Judged } from "./judgement/judge.ts"
import { silentAfterMs } from "./plan.ts"
import type { Watched } from "./plan.ts"

export interface RoundsParts {
  book: Book
  /** What is to be watched now. Asked often: it has to be cheap. */
  plan: () => readonly Watched[]
  /** Everything that was changed in a time, for the search for what did it. */
  causes: (fromMs: number, untilMs: number) => Promise<readonly Cause[]>
  clock: Clock
  logger: Logger
  /** 0 to 1: spreads the checks over their time. */
  random?: () => number
}

const mostAtOnce = 16
const tickMs = 100
/** What is watched from now on is asked within this. */
const firstWithinMs = 2_000
const causesWithinMs = 6 * 3_600_000

interface Standing {
  judged: Judged
  since: number
}

export class Rounds {
  readonly #parts: RoundsParts
  readonly #standings: Map<string, Standing>
  readonly #nextAt = new Map<string, number>()
  readonly #underWay = new Set<string>()
  #plan = new Map<string, Watched>()

  constructor(parts: RoundsParts) {
    this.#parts = parts
    this.#standings = new Map(parts.book.standings.all().map(({ check, judged, since }) => [check, { judged, since }]))
  }

  /** Until the signal aborts; what is being asked then is given up. */
  async go(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      void this.look(signal)
      await this.#parts.clock.sleep(tickMs, signal).catch(() => {})
    }
  }

  /** Begins what is due, as much as may be asked at once; what is watched no more is let go. */
  look(signal: AbortSignal): Promise<unknown> {
    this.renewPlan()
    const now = this.#parts.clock.now()
    const due = [...this.#plan.values()].filter(({ check: { name } }) => !this.#underWay.has(name) && (this.#nextAt.get(name) ?? 0) <= now)
    return Promise.all(due.slice(0, Math.max(0, mostAtOnce - this.#underWay.size)).map((watched) => this.#ask(watched, signal)))
  }

  /** How things stand around a check, for whoever decides whether its incident is told. */
  around(name: string): Around {
    const dependsOn = this.#plan.get(name)?.dependsOn ?? []
    const judged = dependsOn.map((each) => ({ each, judged: this.#standings.get(each)?.judged ?? unseen }))
    return {
      explainedBy: judged.find((of) => isBad(of.judged.standing))?.each,
      isInDoubt: judged.some((of) => of.judged.last !== undefined && of.judged.last !== "fine"),
    }
  }

  async #ask(watched: Watched, signal: AbortSignal): Promise<void> {
    const { name } = watched.check
    this.#underWay.add(name)
    const { random = Math.random, clock } = this.#parts
    // A tenth early or late, so that those that began together drift apart.
    const everyMs = watched.everyMs * (0.9 + 0.2 * random())
    this.#nextAt.set(name, clock.now() + everyMs)
    try {
      const finding = await this.#findingOf(watched, signal)
      if (!signal.aborted && this.#plan.has(name)) await this.found(watched, finding)
    } catch (thrown) {
      this.#parts.logger.error({ check: name, error: describe(thrown) }, "what was found could not be kept")
    } finally {
      this.#underWay.delete(name)
    }
  }

  async #findingOf({ check, withinMs }: Watched, signal: AbortSignal): Promise<Finding> {
    const bound = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
    try {
      return await check.ask(bound)
    } catch (thrown) {
      return { outcome: "unknown", summary: `could not be asked: ${describe(thrown)}` }
    }
  }

  /** One finding taken down: standing, ledger, and what it opens or closes. */
  async found(watched: Watched, finding: Finding): Promise<void> {
    const { book, clock } = this.#parts
    const { name } = watched.check
    const now = clock.now()
    const before = this.#standings.get(name) ?? { judged: unseen, since: now }
    const judged = judge(before.judged, finding.outcome, watched.rule)
    const since = judged.standing === before.judged.standing ? before.since : now
    book.ledger.observe(name, finding.outcome, now, silentAfterMs(watched))
    await this.#reconcile(watched, judged, finding, now)
    // Last: what comes before it is done again after a crash, and does nothing the second time.
    book.standings.keep({ check: name, judged, summary: finding.summary, foundAt: now, since })
    this.#standings.set(name, { judged, since })
  }

  /** The incident as it has to be for this standing. */
  async #reconcile({ check, severity }: Watched, { standing }: Judged, { summary }: Finding, now: number): Promise<void> {
    const { book } = this.#parts
    const incident = book.incidents.openOf(check.name)
    if (!isBad(standing)) {
      if (incident !== undefined && standing === "fine") this.#close(incident.id, summary, now)
      return
    }
    const trouble = standing as Trouble
    if (incident === undefined) {
      const causes = await this.#parts.causes(now - causesWithinMs, now)
      const suspects = suspectsOf({ openedAt: now, place: check.place }, causes)
      const { explainedBy } = this.around(check.name)
      book.incidents.open({ check: check.name, trouble, severity, summary, place: check.place, openedAt: now, explainedBy, suspects })
    } else if (incident.trouble !== trouble) book.incidents.changed(incident.id, trouble, summary, now)
  }

  #close(id: number, text: string, at: number): void {
    const { book } = this.#parts
    book.incidents.close(id, { at, text }, (incident) => tellOfClosed(book, incident, at))
  }

  /** Takes what is to be watched now; lets go what is not any more. */
  renewPlan(): void {
    const { book, clock } = this.#parts
    this.#plan = new Map(this.#parts.plan().map((watched) => [watched.check.name, watched]))
    const { random = Math.random } = this.#parts
    for (const { check, everyMs } of this.#plan.values()) {
      if (!this.#nextAt.has(check.name)) this.#nextAt.set(check.name, clock.now() + random() * Math.min(everyMs, firstWithinMs))
    }
    for (const name of this.#standings.keys()) {
      if (this.#plan.has(name)) continue
      this.#standings.delete(name)
      this.#nextAt.delete(name)
      const incident = book.incidents.openOf(name)
      if (incident !== undefined) this.#close(incident.id, "it is not there any more, and not watched", clock.now())
      book.standings.forget(name)
    }
  }
}
