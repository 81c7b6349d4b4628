// A run while it goes on: a board that redraws itself on a terminal, plain lines everywhere else (a pipe, a log, the
// far side of a git push).
import logUpdate from "log-update"
import { formatDuration } from "../../kernel/time/duration.ts"
import type { Event } from "../../server/protocol/events.ts"
import type { Request } from "../../server/protocol/requests.ts"
import type { RunReport, StepReport, StepState } from "../../server/protocol/runs.ts"
import { aheadWords } from "./ahead-words.ts"
import { keeperWords } from "./keeper-words.ts"
import { bar, bold, columns, cyan, dim, green, red, yellow } from "./paint.ts"

export interface RunView {
  begin(report: RunReport): void
  show(event: Event): void
  note(message: string): void
  end(report: RunReport): void
}

type Shards = NonNullable<Extract<Event, { type: "progress" }>["shards"]>

export const stepMarks: Readonly<Record<StepState, string>> = {
  pending: dim("·"),
  begun: cyan("▸"),
  done: green("✔"),
  failed: red("✖"),
  undoing: yellow("↩"),
  undone: yellow("↩"),
  stuck: red("!"),
}

const linesEveryMs = 2_000

/** What a view needs of standard output. */
export interface Screen {
  isTTY?: boolean
  write(text: string): unknown
}

export function createRunView(out: Screen): RunView {
  return out.isTTY === true ? new Board() : new Lines((line) => out.write(`${line}\n`))
}

/** For a run that prints JSON at its end and nothing before. */
export const silentView: RunView = { begin() {}, show() {}, note() {}, end() {} }

class Board implements RunView {
  #report: RunReport | undefined
  #states = new Map<string, { state: StepState; at: number; ms?: number }>()
  #message = ""
  #shards: Shards = []
  #timer: NodeJS.Timeout | undefined

  begin(report: RunReport): void {
    this.#report = report
    this.#message = aheadWords(report.ahead) ?? this.#message
    for (const step of report.steps)
      this.#states.set(step.name, { state: step.state, at: step.startedAt ?? Date.now(), ...(step.ms !== undefined && { ms: step.ms }) })
    this.#timer ??= setInterval(() => this.#draw(), 200)
    this.#draw()
  }

  show(event: Event): void {
    if (event.type === "progress") {
      this.#message = event.message
      this.#shards = event.shards ?? []
    } else if (event.type === "journal") {
      this.#take(event)
    } else if (event.type === "keeper") {
      this.#message = keeperWords(event.fact)
    } else if (event.type === "request") {
      this.#message = requestWords(event.request)
    } else if (event.type === "stuck") {
      this.#message = stuckWords(event)
    }
  }

  note(message: string): void {
    this.#message = message
  }

  end(report: RunReport): void {
    clearInterval(this.#timer)
    logUpdate.clear()
    process.stdout.write(`${[...finalLines(report)].join("\n")}\n`)
  }

  #take({ event }: Extract<Event, { type: "journal" }>): void {
    const before = this.#states.get(event.step)
    const state = stateOfEvent[event.event]
    // A step that holds says "started" once more.
    const isStart = event.event === "undo_started" || (event.event === "started" && before?.state !== "begun")
    this.#states.set(event.step, {
      state,
      at: isStart ? event.at : (before?.at ?? event.at),
      ...(!isStart && event.event !== "started" && { ms: event.at - (before?.at ?? event.at) }),
    })
    if (isStart) this.#message = ""
    this.#shards = []
  }

  #draw(): void {
    if (this.#report === undefined) return
    const rows = this.#report.steps.map(({ name }) => {
      const { state, at, ms } = this.#states.get(name) ?? { state: "pending" as const, at: 0 }
      const isBusy = state === "begun" || state === "undoing"
      const took = state === "pending" ? "" : dim(formatDuration(ms ?? Date.now() - at))
      return [stepMarks[state], isBusy ? bold(name) : name, took, isBusy ? dim(this.#message.slice(0, 100)) : ""]
    })
    const waits = this.#report.state === "queued" && this.#message !== "" ? [dim(`  ${this.#message}`)] : []
    logUpdate([title(this.#report), ...waits, ...columns(rows).map((row) => `  ${row}`), ...shardLines(this.#shards)].join("\n"))
  }
}

class Lines implements RunView {
  readonly #print: (line: string) => void
  #began = false
  #ahead: string | undefined
  #failureTold = false
  #printedAt = 0
  #startedAt = new Map<string, number>()

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  begin(report: RunReport): void {
    if (!this.#began) this.#print(title(report))
    this.#began = true
    const ahead = aheadWords(report.ahead)
    if (ahead !== undefined && ahead !== this.#ahead) this.#print(`  ${ahead}`)
    this.#ahead = ahead
  }

  show(event: Event): void {
    if (event.type === "keeper") this.#print(`  ${keeperWords(event.fact)}`)
    if (event.type === "stuck") this.#print(`  ${stuckWords(event)}`)
    if (event.type === "request") this.#print(`  ${requestWords(event.request)}`)
    if (event.type === "progress") this.#progress(event)
    if (event.type === "journal") this.#journal(event)
  }

  note(message: string): void {
    this.#print(`  ${message}`)
  }

  end(report: RunReport): void {
    // The whole reason stood at the step that failed; here its first line will do.
    const told = this.#failureTold ? { ...report, reason: report.reason?.split("\n")[0] } : report
    if (!this.#began) this.#print(title(report))
    this.#print(verdict(told))
  }

  #journal({ event }: Extract<Event, { type: "journal" }>): void {
    if (event.event === "started" || event.event === "undo_started") {
      const isHeld = event.event === "started" && this.#startedAt.has(event.step)
      if (!isHeld) this.#startedAt.set(event.step, event.at)
      return
    }
    // Where a step had nothing to take back, there is nothing to tell.
    if (event.event === "undo_finished" && Object.keys(event.facts).length === 0) return
    const took = event.at - (this.#startedAt.get(event.step) ?? event.at)
    this.#failureTold ||= event.event === "failed"
    const isFailure = event.event === "failed" || event.event === "undo_failed"
    const reason = isFailure ? `: ${String(event.facts["message"])}` : ""
    this.#print(`  ${stepMarks[stateOfEvent[event.event]]} ${event.step} ${dim(formatDuration(took))}${reason}`)
    if (isFailure && typeof event.facts["hint"] === "string") this.#print(`    ${cyan("→")} ${event.facts["hint"]}`)
  }

  /** What goes on is told now and then: a log is not a screen. */
  #progress(event: Extract<Event, { type: "progress" }>): void {
    if (event.at - this.#printedAt < linesEveryMs) return
    this.#printedAt = event.at
    this.#print(dim(`    ${event.step}: ${event.message}`))
    for (const line of shardLines(event.shards ?? [])) this.#print(line)
  }
}

/** Who asked is a claim, and is told as what it said. */
function requestWords({ actor, action, reason }: Request): string {
  return `${actor ?? "somebody without a name"} asked to ${action}${reason === undefined ? "" : `: ${reason}`}`
}

function stuckWords({ run, reason, retryInMs }: Extract<Event, { type: "stuck" }>): string {
  return `run ${run} cannot be carried on: ${reason}; tried again in ${formatDuration(retryInMs)}`
}

const stateOfEvent = {
  started: "begun",
  succeeded: "done",
  failed: "failed",
  undo_started: "undoing",
  undo_finished: "undone",
  undo_failed: "stuck",
} as const satisfies Record<string, StepState>

const titles = { release: "release", rollback: "roll back to", contract: "contract on", abort: "abort on", repack: "repack on" } as const

function title({ kind, version, commit, change }: RunReport): string {
  return `${bold(`${titles[kind]} ${version}`)} ${dim(commit.slice(0, 8))}${change === undefined ? "" : ` ${change}`}`
}

function* finalLines(report: RunReport): Generator<string> {
  yield title(report)
  yield* columns(
    report.steps.map((step) => [
      stepMarks[step.state],
      step.name,
      dim(step.ms === undefined ? "" : formatDuration(step.ms)),
      dim(summary(step)),
    ]),
  ).map((row) => `  ${row}`)
  yield verdict(report)
}

function verdict({
  state,
  version,
  kind,
  reason,
  change,
}: Pick<RunReport, "state" | "version" | "kind" | "change"> & { reason?: string | undefined }): string {
  const because = reason === undefined ? "" : `\n  ${reason}`
  if (state === "queued" || state === "running") return `${yellow("…")} ${bold(state === "queued" ? "still queued" : "still under way")}`
  if (state !== "promoted") return `${red("✖")} ${bold(state)}${because}`
  const done = {
    release: `${version} serves all new pages`,
    rollback: `${version} serves again`,
    contract: `${change ?? ""} is contracted`,
    abort: `${change ?? ""} is taken away`,
    repack: `${change ?? ""} is repacked`,
  }[kind]
  return `${green("✔")} ${bold(done)}${because}`
}

function summary(step: StepReport): string {
  const { reason, message, generation, skipped, dropped } = step.facts ?? {}
  if (typeof generation === "number") return `generation ${generation}`
  if (Array.isArray(dropped)) return `dropped ${dropped.join(", ")}`
  return [reason, message, skipped].find((text) => typeof text === "string") ?? ""
}

export function shardLines(shards: Shards): string[] {
  return columns(
    shards.map((shard) => {
      const share = shard.rowsTotal === 0 ? (isComplete[shard.phase] === true ? 1 : 0) : shard.rowsDone / shard.rowsTotal
      const eta = shard.etaMs === undefined || isComplete[shard.phase] === true ? "" : `${formatDuration(shard.etaMs)} left`
      const rate = shard.rowsPerSecond > 0 ? `${Math.round(shard.rowsPerSecond).toLocaleString("en")} rows/s` : ""
      const why = shard.error ?? (shard.pausedFor === undefined ? "" : `waits: ${shard.pausedFor}`)
      return [
        `    ${shard.shard}`,
        cyan(bar(share, 24)),
        `${Math.floor(share * 100)}%`,
        shard.phase,
        rate,
        eta,
        why === "" ? "" : yellow(why),
      ]
    }),
  )
}

const isComplete: Readonly<Record<string, true>> = { backfilled: true, verified: true, contracting: true, contracted: true }
