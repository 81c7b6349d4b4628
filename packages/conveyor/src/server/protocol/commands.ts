// One-off commands as the API takes them and tells how they go: an answer that is a line of JSON for each piece of output, and one
// for the end.
import { z } from "zod"
import { asking } from "./requests.ts"
import { refusal } from "./refusal.ts"
import { line, versionName } from "./words.ts"

export const commandsPath = "/v1/commands"

const longestMs = 20 * 86_400_000
const aTime = "milliseconds, from 1 to twenty days of them"

export const commandInput = z
  .strictObject({
    ...asking,
    /** Beside this copy, as it; without it in a process of its own. */
    copy: line("a copy's id").optional(),
    service: line("a service's name").optional(),
    version: versionName.optional(),
    /** A command line. */
    command: z.string("a command line").regex(/^[^\0]*[^\0\s][^\0]*$/, "a command line"),
    withinMs: z.number(aTime).int(aTime).min(1, aTime).max(longestMs, aTime).default(3_600_000),
  })
  .refine(({ copy, service, version }) => copy === undefined || (service === undefined && version === undefined), {
    path: ["copy"],
    message: "either a copy, or a service and a version",
  })
export type CommandInput = z.input<typeof commandInput>

export const commandNews = z.union([
  z.object({ stream: z.enum(["out", "err"]), text: z.string() }),
  z.object({ exitCode: z.number() }),
  z.object({ refused: refusal }),
])
export type CommandNews = z.infer<typeof commandNews>
