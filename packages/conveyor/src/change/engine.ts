// What the release layer asks of schema changes. The engine keeps its ledger in every shard's own `conveyor`
// schema, so the truth about a shard is in the shard. Called by the release steps and the `change` commands.
import type { Change } from "./change.ts"

/** How far one change has come on one shard. The order is the order of the phases. */
export type ShardPhase = "absent" | "expanding" | "expanded" | "backfilling" | "backfilled" | "verified" | "contracting" | "contracted"

export interface ShardStatus {
  shard: string
  /** "unknown": the shard did not answer; `error` says why. It is no phase, neither early nor late. */
  phase: ShardPhase | "unknown"
  /** Absent until a repack was begun; from then on the rows below are the repack's, no longer the backfill's. */
  repack?: "running" | "done"
  rowsDone: number
  /** Estimated from the planner's statistics until the last batch. */
  rowsTotal: number
  rowsPerSecond: number
  /** Undefined until the rate is known. */
  etaMs: number | undefined
  /** Why the backfill waits now; undefined where it does not. */
  pausedFor: string | undefined
  batchRows: number
  /** The last failure on this shard, until it is overcome. */
  error: string | undefined
}

export interface ChangeStatus {
  change: string
  /** "ready": every shard is verified, so that a version that needs the change may run. "unknown": every shard that answers is, and one is silent. */
  readiness: "ready" | "not-ready" | "unknown"
  /**
   * "none": the change takes nothing away, so there is nothing to contract. "begun" as soon as one shard has lost something.
   * "unknown": none that answers has, and one is silent.
   */
  contract: "none" | "pending" | "begun" | "done" | "unknown"
  shards: readonly ShardStatus[]
}

export interface PlannedStatement {
  shard: string
  phase: "expand" | "backfill" | "verify" | "contract"
  sql: string
  /** The strongest lock taken on a table that exists already, in PostgreSQL's words, or "none". */
  lock: string
  estimatedMs: number
  estimatedBytes: number
}

export interface Checksum {
  rows: number
  mismatches: number
}

export interface Measured {
  rows: number
  rowsPerSecond: number
  /** After divided by before, summed over the shards' tables; 1 where nothing was there before. */
  heapGrowth: number
  indexGrowth: number
}

/** What the contract gate needs to know and cannot see in the databases. */
export interface ContractEvidence {
  /** Reasons that the release layer has against it (a version that runs, a page that lives, an open rollback window); empty: none. */
  objections: readonly string[]
  /** When the last copy that could read the old columns stopped, in ms since the epoch; undefined where none ever ran. */
  lastReaderStoppedAt: number | undefined
}

/** How one call ends, is followed and is fenced. */
export interface ChangeRun {
  signal: AbortSignal
  /** The caller's fencing token: a shard that has seen a higher one refuses the work. */
  fence: number
  onProgress: (status: ChangeStatus) => void
}

/** Every method can be called again after a crash at any moment, and carries on from what the shards say. */
export interface ChangeEngine {
  status(changes: readonly Change[], signal: AbortSignal): Promise<ChangeStatus[]>
  /** What each phase would execute now. Changes nothing. */
  plan(changes: readonly Change[], signal: AbortSignal): Promise<PlannedStatement[]>
  /** Canary shard, then waves, then all. Stops the wave at the first shard that fails; the others keep their progress. */
  expand(change: Change, run: ChangeRun): Promise<void>
  /** Fills every row on every shard, then builds what has to wait for the rows: indexes, validation, statistics. */
  backfill(change: Change, run: ChangeRun): Promise<Measured>
  /** Old = new, by checksum of every row. @throws ConveyorError "checksum-mismatch" with the first differing keys. */
  verify(change: Change, run: ChangeRun): Promise<Checksum>
  /** Takes an expanded change away again: triggers, new columns, new tables. @throws "already-contracted". */
  undo(change: Change, run: ChangeRun): Promise<void>
  /** @throws ConveyorError "contract-refused" with every reason. Otherwise drops what is old, the canary shard first. Gives what was dropped. */
  contract(change: Change, evidence: ContractEvidence, run: ChangeRun): Promise<string[]>
  /**
   * Optional, after contract: writes the rows of tables that lost columns once more, beside the traffic, so that the space of
   * what was dropped can be used again. @throws ConveyorError "repack-refused" with every reason, before a row is touched.
   */
  repack(change: Change, run: ChangeRun): Promise<Measured>
  /** Every shard's backfill or repack stops before its next batch, whichever process runs it, until `resume`. */
  pause(change: Change, signal: AbortSignal): Promise<void>
  resume(change: Change, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
