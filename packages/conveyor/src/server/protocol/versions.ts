// Versions and their copies as the API tells them.
import { z } from "zod"
import { versionStates } from "../../release/lifecycle/version-state.ts"
import { list, moment } from "./words.ts"

export const copyReport = z.object({
  id: z.string(),
  service: z.string(),
  state: z.string(),
  address: z.string(),
  node: z.string(),
  /** How often in a row it was started again after it had ended soon. */
  restarts: z.number(),
  /** Of one that has ended: why. */
  ended: z.string().optional(),
  /** Of one that ends again and again: the last lines that it has said. */
  lastOutput: list(z.string()).optional(),
  /** Of one that took the place of another: why and when that one has ended. */
  replaced: z.object({ reason: z.string(), at: moment }).optional(),
  /** Of one that runs and is not well: how often in a row it was not, and whether it is given requests. */
  illness: z
    .object({
      kind: z.enum(["refuses", "silent", "says-so"]),
      reason: z.string(),
      failures: z.number(),
      since: moment,
      requests: z.enum(["none", "as-before"]),
    })
    .optional(),
})
export type CopyReport = z.infer<typeof copyReport>

export const versionReport = z.object({
  name: z.string(),
  commit: z.string(),
  subject: z.string(),
  state: z.enum(versionStates),
  warmUntil: moment.optional(),
  pages: z.number(),
  inFlight: z.number(),
  requests: z.number(),
  failed: z.number(),
  copies: list(copyReport),
})
export type VersionReport = z.infer<typeof versionReport>

/** A version as it is recorded, whatever runs of it. */
export const version = z.object({
  name: z.string(),
  commit: z.string(),
  /** First line of the commit's message. */
  subject: z.string(),
  createdAt: moment,
  /** Names of the changes in its commit; absent until it was built. */
  changes: list(z.string()).optional(),
  warmUntil: moment.optional(),
  stoppedAt: moment.optional(),
})
