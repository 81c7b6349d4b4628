// What an operator may tune about the embedded edge, with the defaults. Read by the edge process from its command
// line, and by the launcher, which passes it on.
import { z } from "zod"

const ms = z.int().positive()

export const edgeSettings = z.strictObject({
  /** A copy that does not take a connection within this is tried no longer. */
  connectTimeoutMs: ms.default(2_000),
  /** From the request's last byte to the answer's head. */
  answerTimeoutMs: ms.default(60_000),
  /** Node closes an idle connection after 5 s: a request must never meet that closing, so the edge lets go first. */
  upstreamIdleMs: ms.max(4_000).default(4_000),
  headersTimeoutMs: ms.default(10_000),
  /** For a whole request with its body: a slow upload may take this long. */
  requestTimeoutMs: ms.default(15 * 60_000),
  /** A client that takes nothing of a waiting answer for this long is cut off: it would hold up the end of a version for ever. */
  stalledClientMs: ms.default(60_000),
  clientIdleMs: ms.default(65_000),
  /** Of a request's head, and of an answer's. */
  maxHeaderBytes: z.int().min(1_024).default(32_768),
  maxBodyBytes: z.int().positive().default(1_073_741_824),
  maxConnections: z.int().positive().default(20_000),
  /** How long the edge waits for requests in flight when it is told to stop. */
  drainMs: ms.default(30_000),
  /** Behind another trusted proxy, "append" keeps what that one said of the client; a client could say anything, so "replace" is the default. */
  forwardedFor: z.enum(["replace", "append"]).default("replace"),
  heartbeatMs: ms.default(15_000),
})

export type EdgeSettings = z.infer<typeof edgeSettings>
