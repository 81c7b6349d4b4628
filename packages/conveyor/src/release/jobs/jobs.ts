// Scheduled jobs: begun when they are due, by the current version alone, once. Each time is claimed in the book before the command
// begins, so nobody begins it twice; what ran when the control plane died has ended with it, and is told as that. Made by wiring/;
// works beside the control plane and is asked by the API.
import { nextAfter } from "../../config/schedule.ts"
import type { JobConfig } from "../../config/jobs.ts"
import { formatDuration, seconds } from "../../kernel/time/duration.ts"
import { describe } from "../../kernel/errors/errors.ts"
import type { OutputChunk } from "../../runtime/runtime.ts"
import { specOf } from "../one-off.ts"
import type { Ports } from "../ports.ts"
import { routingDoubts } from "../routing/edge-doubts.ts"
import { decide, scheduleOf } from "./decide.ts"
import type { JobBook, JobRun } from "./job-book.ts"

/** How long a version that has just become the current one may be overlooked. */
const longestPauseMs = seconds(5)
const longestTail = 2_000

interface Due {
  name: string
  job: JobConfig
  version: string
}

export interface JobReport {
  name: string
  schedule: string
  timeZone: string
  /** Undefined where the current version has no such job any more, or is never due again. */
  next: number | undefined
  /** The newest first. */
  runs: readonly JobRun[]
}

export class Jobs {
  readonly #ports: Ports
  readonly #book: JobBook
  readonly #running = new Set<Promise<void>>()

  constructor(ports: Ports, book: JobBook) {
    this.#ports = ports
    this.#book = book
  }

  /** Until the signal aborts; then what runs is ended. */
  async work(signal: AbortSignal): Promise<void> {
    const { clock, logger, fence } = this.#ports
    for (const run of this.#book.interruptAllBefore(fence, clock.now())) logger.warn({ run }, "job was interrupted")
    while (!signal.aborted) {
      const pauseMs = await this.round(signal).catch((thrown: unknown) => {
        if (!signal.aborted) logger.warn({ error: describe(thrown) }, "jobs could not be looked at")
        return longestPauseMs
      })
      await clock.sleep(pauseMs, signal).catch(() => {})
    }
    await Promise.all(this.#running)
  }

  /** Begins what is due; gives how long nothing will be. */
  async round(signal: AbortSignal): Promise<number> {
    const due = await this.#jobsOfCurrent(signal)
    // Who is current is not known: nothing is begun, and nothing is taken for missed yet.
    if (due === undefined) return longestPauseMs
    this.#book.keepOnly(due.map(({ name }) => name))
    const now = this.#ports.clock.now()
    for (const each of due) this.#look(each, now, signal)
    const next = due.map(({ job }) => nextAfter(scheduleOf(job), now)).filter((at) => at !== undefined)
    return Math.max(1, Math.min(longestPauseMs, ...next.map((at) => at - now)))
  }

  async report(runs: number, signal: AbortSignal): Promise<JobReport[]> {
    const now = this.#ports.clock.now()
    return ((await this.#jobsOfCurrent(signal)) ?? []).map(({ name, job }) => ({
      name,
      schedule: job.schedule,
      timeZone: job.time_zone,
      next: nextAfter(scheduleOf(job), now),
      runs: this.#book.newest(name, runs),
    }))
  }

  async #jobsOfCurrent(signal: AbortSignal): Promise<Due[] | undefined> {
    const { table, members } = await this.#ports.routing.observe(signal)
    if (routingDoubts(members).length > 0) return undefined
    const version = table === undefined ? undefined : await this.#ports.versions.find(table.current)
    if (version === undefined) return []
    const { jobs } = await this.#ports.readConfig(version.commit)
    return Object.entries(jobs).map(([name, job]) => ({ name, job, version: version.name }))
  }

  #look(due: Due, now: number, signal: AbortSignal): void {
    const { name, job, version } = due
    const waiting = this.#book.underWay(name).find((run) => run.state === "queued")
    const isFree = this.#book.underWay(name).every((run) => run.state === "queued")
    if (waiting !== undefined && isFree)
      this.#begin(due, this.#book.begin(waiting.id, { fence: this.#ports.fence, version, at: now }), signal)
    const lookedUntil = this.#book.lookedUntil(name)
    // It begins with the first time that comes.
    if (lookedUntil === undefined) return this.#book.look(name, now)
    const underWay = this.#book.underWay(name)
    const count = (state: JobRun["state"]) => underWay.filter((run) => run.state === state).length
    const decision = decide(job, { lookedUntil, now, running: count("running"), queued: count("queued") })
    if (decision.do === "nothing") return
    const state = decision.do === "begin" ? "running" : decision.do === "queue" ? "queued" : "skipped"
    const reason = decision.do === "skip" ? decision.why : undefined
    const claimed = this.#book.claim({ job: name, dueAt: decision.dueAt, state, fence: this.#ports.fence, version, at: now, reason })
    if (decision.do === "begin") this.#begin(due, claimed, signal)
  }

  #begin(due: Due, run: JobRun | undefined, signal: AbortSignal): void {
    if (run === undefined) return
    const ended = this.#carryOut(due, run, signal).finally(() => this.#running.delete(ended))
    this.#running.add(ended)
  }

  /** Never rejects: what became of it is in the book. */
  async #carryOut({ name, job, version: at }: Due, { id }: JobRun, signal: AbortSignal): Promise<void> {
    const { ports, book } = { ports: this.#ports, book: this.#book }
    let tail = ""
    const onOutput = ({ text }: OutputChunk) => (tail = `${tail}${text}`.slice(-longestTail))
    const late = AbortSignal.timeout(job.timeout)
    try {
      const version = await ports.versions.find(at)
      if (version === undefined) throw new Error(`there is no version ${at}`)
      const config = await ports.readConfig(version.commit)
      const spec = await specOf(ports, version, config, job.service ?? Object.keys(config.services)[0])
      const exitCode = await ports.runtime.run(spec, { command: job.command, onOutput, signal: AbortSignal.any([signal, late]) })
      const reason = exitCode === 0 ? undefined : `exit code ${exitCode}: ${tail.trim()}`
      book.end(id, { state: exitCode === 0 ? "done" : "failed", at: ports.clock.now(), exitCode, ...(reason !== undefined && { reason }) })
    } catch (thrown) {
      const state = signal.aborted ? "interrupted" : "failed"
      const tooLong = `it had not ended after ${formatDuration(job.timeout)}, and was ended: ${tail.trim()}`
      const reason = signal.aborted ? "the control plane was stopped while it ran" : late.aborted ? tooLong : describe(thrown)
      book.end(id, { state, at: ports.clock.now(), reason })
    }
    ports.logger.info({ job: name, run: id }, "job has ended")
  }
}
