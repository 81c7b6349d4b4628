// Who asks, and why: part of every request that changes something, and kept beside what was done.
import { z } from "zod"
import { line, moment } from "./words.ts"

/** What an asker says of itself is a claim: whoever has the token can say anything. */
export const asking = {
  actor: line("who asks, in one line").optional(),
  reason: line("why, in one line", 500).optional(),
}

export const request = z.object({
  seq: z.number(),
  at: moment,
  /** "release", "promote", "retire", ... */
  action: z.string(),
  /** The version, the change or the run that it is about. */
  subject: z.string(),
  /** The run that it began or touched. */
  run: z.number().optional(),
  /** As claimed. */
  actor: z.string().optional(),
  reason: z.string().optional(),
  /** What let it in: "control-token", the token of this installation. */
  proof: z.string(),
})
export type Request = z.infer<typeof request>
