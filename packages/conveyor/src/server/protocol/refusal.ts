// The answer to a request that is not done: every status of 400 and above has this body.
import { z } from "zod"

export const refusal = z.object({
  /** Stable, for programs: "no-such-version". */
  code: z.string(),
  message: z.string(),
  /** What the asker can do next. */
  hint: z.string().optional(),
  facts: z.record(z.string(), z.unknown()).optional(),
})
export type Refusal = z.infer<typeof refusal>
