// Runs as the API tells them: what was asked for, how far it is, how it ended.
import { z } from "zod"
import { request } from "./requests.ts"
import { facts, list, moment } from "./words.ts"

/** "contract" drops what a change has made unused; "abort" takes an expanded change away; "repack" gives back its room. */
const runKind = z.enum(["release", "rollback", "contract", "abort", "repack"])

/** "refused" and "cancelled": nothing was begun. "failed": it never served. "rolled-back": it served, and went back.
 * "superseded": while it waited, a newer push of its branch took its place. */
const runState = z.enum(["queued", "running", "promoted", "rolled-back", "failed", "refused", "superseded", "cancelled"])

export const run = z.object({
  id: z.number(),
  kind: runKind,
  version: z.string(),
  commit: z.string(),
  /** What a contract, an abort or a repack is about. */
  change: z.string().optional(),
  /** The branch that was pushed, where a push asked for it. */
  branch: z.string().optional(),
  /** The run that took its place. */
  supersededBy: z.number().optional(),
  requestedAt: moment,
  state: runState,
  reason: z.string().optional(),
  endedAt: moment.optional(),
})
export type Run = z.infer<typeof run>

export const stepState = z.enum(["pending", "begun", "done", "failed", "undoing", "undone", "stuck"])
export type StepState = z.infer<typeof stepState>

/** "evidence": requests, or a person's word, to tell whether a version is good. "latency back": users wait no longer than before. */
const hold = z.object({
  /** "shards reachable", "latency back", "evidence", "pages gone" */
  until: z.string(),
  since: moment,
  bound: moment,
  reason: z.string(),
})

export const stepReport = z.object({
  name: z.string(),
  state: stepState,
  startedAt: moment.optional(),
  /** How long it took to its end; absent while it goes on. */
  ms: z.number().optional(),
  facts: facts.optional(),
  /** Why the step waits, where that may take long. */
  holding: z.string().optional(),
  /** The same as a condition: since when, and when the step goes on or gives up whatever is by then. */
  hold: hold.optional(),
})
export type StepReport = z.infer<typeof stepReport>

export const runReport = run.extend({
  steps: list(stepReport),
  /** All that was asked about it, oldest first; none where it is from before they were kept. */
  requests: list(request),
  /** Names of variables that copies of its version are told otherwise than those of the version before it. */
  toldDifferently: list(z.string()).optional(),
  /** While it is queued: what goes before it, the next one first. */
  ahead: list(run),
})
export type RunReport = z.infer<typeof runReport>

/** One line of a run's journal, on disk before it is told. */
export const journalEvent = z.object({
  seq: z.number(),
  /** The run. */
  release: z.number(),
  step: z.string(),
  event: z.enum(["started", "succeeded", "failed", "undo_started", "undo_finished", "undo_failed"]),
  at: moment,
  /** The fencing token of the control plane that wrote it. */
  fence: z.number(),
  facts,
})
