// The rules of a run: given a plan and the journal so far, the one next move. Pure, so that any journal a crash can
// leave behind can be asked. Called by run.ts before every move.
import type { JournalEvent, JournalEventName, WhyIllegal } from "../store/records.ts"
import { plans } from "./plan.ts"
import type { Plan, StepName } from "./plan.ts"

/** "refused": a contract's gate said no, and nothing was touched. */
export type Outcome = "promoted" | "rolled-back" | "failed" | "refused"

export type Move =
  | { move: "do"; step: StepName }
  | { move: "undo"; step: StepName }
  | { move: "end"; outcome: Outcome; reason: string | undefined }

export type StepState = "pending" | "begun" | "done" | "failed" | "undoing" | "undone" | "stuck"

/** What a step's newest event says of it. */
const stateAfter = {
  started: "begun",
  succeeded: "done",
  failed: "failed",
  undo_started: "undoing",
  undo_finished: "undone",
  undo_failed: "stuck",
} satisfies Record<JournalEventName, StepState>

/** "line": one run after the other. "beside": it has done what was asked, and makes room in nobody's way. */
export type Lane = "line" | "beside"

export const laneOf = (plan: Plan, events: readonly JournalEvent[]): Lane =>
  stateOf(plan.doneAfter, events) === "done" ? "beside" : "line"

/** What may be written of a step next. */
const mayFollow = {
  // A step that cannot even look around has failed before it started.
  pending: ["started", "failed"],
  // Begun anew after a crash; and a step that holds, or is promoted by hand, says so.
  begun: ["started", "succeeded", "failed", "undo_started"],
  done: ["undo_started"],
  failed: ["undo_started"],
  undoing: ["undo_started", "undo_finished", "undo_failed"],
  stuck: ["undo_started"],
  undone: [],
} satisfies Record<StepState, readonly JournalEventName[]> as Readonly<Record<StepState, readonly JournalEventName[]>>

/** A gate that said no has touched nothing: there is nothing to go back from. */
const refusals = new Set<unknown>(["contract-refused", "abort-refused", "repack-refused"])

/** How often an undo is tried before a person has to look. */
export const undoAttempts = 5

export function stateOf(step: string, events: readonly JournalEvent[]): StepState {
  const last = events.findLast((event) => event.step === step)
  return last === undefined ? "pending" : stateAfter[last.event]
}

export function nextMove(plan: Plan, events: readonly JournalEvent[]): Move {
  const failure = failureBeforeDone(plan, events)
  return failure === undefined ? forward(plan, events) : back(plan, events, failure)
}

/** A journal holds what the next move does, and nothing else; asked by the store before every line. */
export const whyIllegal: WhyIllegal = ({ kind, state }, before, { step, event }) => {
  if (state !== "running") return state === "queued" ? "it has not begun" : `it has ended: it is ${state}`
  if (!plans[kind].steps.some((each) => each === step)) return `a ${kind} has no such step`
  const next = nextMove(plans[kind], before)
  if (next.move === "end") return "nothing is left to do"
  if (next.step !== step || (next.move === "undo") !== event.startsWith("undo_")) return `what is next is to ${next.move} ${next.step}`
  const was = stateOf(step, before)
  return mayFollow[was].includes(event) ? undefined : `${step} is ${was}`
}

function forward(plan: Plan, events: readonly JournalEvent[]): Move {
  const isDone = stateOf(plan.doneAfter, events) === "done"
  for (const step of plan.steps) {
    const state = stateOf(step, events)
    if (state === "done") continue
    // What follows the promotion is tidying up; where it failed, the keeper tidies up later.
    if (isDone && state === "failed") return { move: "end", outcome: "promoted", reason: reasonOf(events, step) }
    return { move: "do", step }
  }
  return { move: "end", outcome: "promoted", reason: undefined }
}

function back(plan: Plan, events: readonly JournalEvent[], failure: JournalEvent): Move {
  const reason = `${failure.step}: ${messageOf(failure)}`
  if (refusals.has(failure.facts["code"])) return { move: "end", outcome: "refused", reason: messageOf(failure) }
  for (const step of plan.steps.toReversed()) {
    const wasStarted = events.some((event) => event.step === step && event.event === "started")
    if (!wasStarted || stateOf(step, events) === "undone") continue
    const failedUndos = events.filter((event) => event.step === step && event.event === "undo_failed").length
    if (failedUndos >= undoAttempts) {
      return { move: "end", outcome: "failed", reason: `${reason}; going back failed too, at ${step}: ${reasonOf(events, step)}` }
    }
    return { move: "undo", step }
  }
  const wasSwitched = events.some((event) => event.step === "switch" && event.event === "started")
  return { move: "end", outcome: wasSwitched ? "rolled-back" : "failed", reason }
}

/** The first failure of a step that was not yet behind the promotion. */
export function failureBeforeDone(plan: Plan, events: readonly JournalEvent[]): JournalEvent | undefined {
  const doneAt = events.find((event) => event.step === plan.doneAfter && event.event === "succeeded")?.seq ?? Infinity
  return events.find((event) => event.event === "failed" && event.seq < doneAt)
}

function reasonOf(events: readonly JournalEvent[], step: string): string {
  return messageOf(events.findLast((event) => event.step === step))
}

function messageOf(event: JournalEvent | undefined): string {
  const message = event?.facts["message"]
  return typeof message === "string" ? message : "no reason was given"
}
