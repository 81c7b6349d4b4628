// `release:` and `timeouts:` of conveyor.yml. Called by config.ts.
import { z } from "zod"
import { hours, minutes, seconds } from "../kernel/time/duration.ts"
import { command, duration, durationBetween, oneOf, pathWithQuery, timeLimit, wholeNumber } from "./words.ts"
import { releaseCommands } from "./release-commands.ts"
import { environment } from "./environment.ts"
import { secrets } from "./secrets.ts"

const safeRequestsOrOff = oneOf("safe-requests", "off")

const bake = z
  .strictObject({
    for: duration.default(minutes(2)),
    at_least: wholeNumber(0, 1_000_000_000).default(100),
    at_most: duration.default(minutes(10)),
    rescue: safeRequestsOrOff.default("safe-requests"),
    compare: safeRequestsOrOff.default("safe-requests"),
    when_quiet: oneOf("hold", "synthetic", "promote_after").default("hold"),
    synthetic: z.array(pathWithQuery).max(20, "at most 20 paths").default([]),
    hold: duration.default(hours(1)),
  })
  .refine((value) => value.when_quiet !== "synthetic" || value.synthetic.length > 0, {
    path: ["synthetic"],
    message: "at least one path to ask of both versions, such as [/]; or leave `when_quiet: synthetic` out",
  })
  .refine((value) => value.at_most >= value.for, { path: ["at_most"], message: "at least as long as `for`" })

const atOnce = z.custom<number | "auto">(
  (value) => value === "auto" || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1_000),
  "auto, or a whole number from 1 to 1000",
)
const start = z.strictObject({
  at_once: atOnce.default("auto"),
  wait_for_users: z
    .union([z.literal("off"), durationBetween("0s", "1h")], "off, or a duration from 0s to 1h, such as 1m")
    .default(minutes(1)),
  warm_up: wholeNumber(0, 1_000).default(5),
})

export const releasePolicy = z.strictObject({
  start: start.prefault({}),
  start_within: timeLimit.default(seconds(60)),
  bake: bake.prefault({}),
  notice: duration.default(minutes(15)),
  rollback_window: durationBetween("0s", "3650d").default(hours(24)),
  stop_grace: duration.default(seconds(30)),
  commands: releaseCommands.default({}),
})

export const timeouts = z.strictObject({
  build: timeLimit.default(minutes(30)),
  test: timeLimit.default(minutes(30)),
})

/** A command of a commit, alone or with what it finds in its environment: production's is not for builds and tests. */
export const commandOfCommit = z.union([
  command.transform((run) => ({ run, environment: {}, secrets: {} })),
  z.strictObject({ run: command, environment: environment.default({}), secrets: secrets.default({}) }),
])
