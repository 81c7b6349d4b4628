// Schema changes as the API tells them: how far each has come on each shard, and what a release would do there.
import { z } from "zod"
import { list } from "./words.ts"

const shardReport = z.object({
  shard: z.string(),
  /** "unknown": the shard did not answer; `error` says why. It is no phase, neither early nor late. */
  phase: z.enum(["absent", "expanding", "expanded", "backfilling", "backfilled", "verified", "contracting", "contracted", "unknown"]),
  /** From when a repack was begun the rows below are the repack's. */
  repack: z.enum(["running", "done"]).optional(),
  rowsDone: z.number(),
  rowsTotal: z.number(),
  rowsPerSecond: z.number(),
  etaMs: z.number().optional(),
  /** Why the backfill waits now. */
  pausedFor: z.string().optional(),
  batchRows: z.number(),
  error: z.string().optional(),
})

export const changeReport = z.object({
  change: z.string(),
  readiness: z.enum(["ready", "not-ready", "unknown"]),
  contract: z.enum(["none", "pending", "begun", "done", "unknown"]),
  shards: list(shardReport),
})
export type ChangeReport = z.infer<typeof changeReport>

export const shardOfChange = shardReport.extend({ change: z.string() })

export const plannedStatement = z.object({
  shard: z.string(),
  phase: z.enum(["expand", "backfill", "verify", "contract"]),
  sql: z.string(),
  /** The strongest lock taken on a table that exists already, in PostgreSQL's words, or "none". */
  lock: z.string(),
  estimatedMs: z.number(),
  estimatedBytes: z.number(),
})
