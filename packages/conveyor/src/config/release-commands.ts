// `release: { commands: ... }` of conveyor.yml: what a release runs besides, such as another tool's migrations. Called by release-policy.ts.
import { z } from "zod"
import { minutes } from "../kernel/time/duration.ts"
import { inPlaceOf } from "../kernel/yaml/wording.ts"
import { command, name, oneOf, timeLimit } from "./words.ts"

const releaseCommand = z
  .strictObject(
    {
      run: command,
      phase: oneOf("before_expand", "after_start", "after_promotion"),
      service: name.optional(),
      timeout: timeLimit.default(minutes(10)),
      on_failure: oneOf("stop", "go_on").optional(),
    },
    inPlaceOf("what is to be run and when, such as { run: npx prisma migrate deploy, phase: before_expand }"),
  )
  .refine(({ phase, on_failure }) => phase !== "after_promotion" || on_failure !== "stop", {
    path: ["on_failure"],
    message: "go_on: users have the new version already, and `conveyor rollback` takes it back",
  })
  .transform(({ on_failure, ...rest }) => ({
    ...rest,
    on_failure: on_failure ?? (rest.phase === "after_promotion" ? ("go_on" as const) : ("stop" as const)),
  }))

export const releaseCommands = z.record(
  name,
  releaseCommand,
  inPlaceOf("names with commands, such as { migrate: { run: ..., phase: before_expand } }"),
)

export type ReleaseCommand = z.infer<typeof releaseCommand>
