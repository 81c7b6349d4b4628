// What becomes of a job now: whether it is due, and whether it is begun, waits or is left out. Pure. Called by the jobs.
import type { JobConfig } from "../../config/jobs.ts"
import { lastBefore } from "../../config/schedule.ts"
import type { Schedule } from "../../config/schedule.ts"
import { minutes } from "../../kernel/time/duration.ts"

export interface JobSeen {
  /** What was due up to then has been decided. */
  lookedUntil: number
  now: number
  running: number
  queued: number
}

export type Decision = { do: "nothing" } | { dueAt: number; do: "begin" | "queue" } | { dueAt: number; do: "skip"; why: string }

/** Whoever is begun so late was busy, and did not miss it. */
const missedAfterMs = minutes(1)
const atOnce = 10

export const scheduleOf = ({ schedule, time_zone }: Pick<JobConfig, "schedule" | "time_zone">): Schedule => ({
  cron: schedule,
  timeZone: time_zone,
})

/** Of several that were due meanwhile only the last one counts. */
export function decide(job: JobConfig, { lookedUntil, now, running, queued }: JobSeen): Decision {
  const dueAt = lastBefore(scheduleOf(job), now + 1)
  if (dueAt === undefined || dueAt <= lookedUntil) return { do: "nothing" }
  if (job.missed === "skip" && now - dueAt > missedAfterMs)
    return { do: "skip", dueAt, why: "nobody was there to begin it when it was due" }
  if (running === 0 && queued === 0) return { do: "begin", dueAt }
  if (job.overlap === "allow" && running < atOnce) return { do: "begin", dueAt }
  if (job.overlap === "queue" && queued === 0) return { do: "queue", dueAt }
  return { do: "skip", dueAt, why: whyLeftOut(job) }
}

const whyLeftOut = ({ overlap }: JobConfig): string => {
  if (overlap === "allow") return `${atOnce} runs before it still go on`
  return overlap === "queue" ? "one waits already for the run before it" : "the run before it still goes on"
}
