// Scheduled jobs as the API tells them.
import { z } from "zod"
import { list, moment } from "./words.ts"

const jobRun = z.object({
  id: z.number(),
  dueAt: moment,
  /** "interrupted": the control plane ended while it ran. "skipped": it was not begun. */
  state: z.enum(["queued", "running", "done", "failed", "interrupted", "skipped"]),
  version: z.string().optional(),
  startedAt: moment.optional(),
  endedAt: moment.optional(),
  exitCode: z.number().optional(),
  /** Why it was not done, with its last words. */
  reason: z.string().optional(),
})

export const jobReport = z.object({
  name: z.string(),
  schedule: z.string(),
  timeZone: z.string(),
  next: moment.optional(),
  /** The newest first. */
  runs: list(jobRun),
})
export type JobReport = z.infer<typeof jobReport>
