// When something is due: a cron expression in a time zone, and the moments that it names. Called by jobs.ts for what a person wrote,
// and by the release layer's jobs.
import { Cron } from "croner"

export interface Schedule {
  /** Five fields, or six with seconds first; or a word such as @daily. */
  cron: string
  /** "Europe/Berlin" */
  timeZone: string
}

/** Why it is none, in words; undefined where it is one. */
export function whyNoSchedule({ cron, timeZone }: Schedule): "cron" | "never" | "time-zone" | undefined {
  try {
    Intl.DateTimeFormat("en", { timeZone })
  } catch {
    return "time-zone"
  }
  try {
    return nextAfter({ cron, timeZone }, 0) === undefined ? "never" : undefined
  } catch {
    return "cron"
  }
}

/** In milliseconds since the Unix epoch; undefined where it is never due again. */
export const nextAfter = (schedule: Schedule, at: number): number | undefined => parsed(schedule).nextRun(new Date(at))?.getTime()

/** The last moment before `at`. */
export const lastBefore = (schedule: Schedule, at: number): number | undefined =>
  parsed(schedule).previousRuns(1, new Date(at))[0]?.getTime()

const parsed = ({ cron, timeZone }: Schedule) => new Cron(cron, { timezone: timeZone, mode: "5-or-6-parts", paused: true })
