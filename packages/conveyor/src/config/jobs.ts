// `jobs:` of conveyor.yml: commands that a schedule asks for. Called by config.ts.
import { z } from "zod"
import { hours } from "../kernel/time/duration.ts"
import { inPlaceOf } from "../kernel/yaml/wording.ts"
import { whyNoSchedule } from "./schedule.ts"
import { command, name, oneOf, text, timeLimit } from "./words.ts"

const right = {
  cron: 'a cron expression, such as "30 4 * * *" (minute, hour, day, month, weekday), with seconds first where it has six fields, or @daily',
  never: "a cron expression that is due some day",
  "time-zone": "a time zone, such as UTC or Europe/Berlin",
}

const job = z
  .strictObject(
    {
      schedule: text(right.cron),
      time_zone: text(right["time-zone"]).default("UTC"),
      command,
      service: name.optional(),
      overlap: oneOf("skip", "queue", "allow").default("skip"),
      missed: oneOf("skip", "run_once").default("skip"),
      timeout: timeLimit.default(hours(1)),
    },
    inPlaceOf('what is to be run and when, such as { schedule: "30 4 * * *", command: node tidy.js }'),
  )
  .superRefine(({ schedule: cron, time_zone: timeZone }, context) => {
    const why = whyNoSchedule({ cron, timeZone })
    if (why !== undefined) context.addIssue({ code: "custom", path: [why === "time-zone" ? "time_zone" : "schedule"], message: right[why] })
  })

export const jobs = z.record(name, job, inPlaceOf('names with jobs, such as { tidy: { schedule: "30 4 * * *", command: node tidy.js } }'))

export type JobConfig = z.infer<typeof job>
