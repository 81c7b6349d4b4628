// How carefully the engine works: every limit it holds to, with a default that suits a busy production server.
// Made once from the configuration by whoever builds the engine; read by every part of it.
import { hours, milliseconds, minutes, seconds } from "../kernel/time/duration.ts"
import type { ShardSpec } from "./fleet/shard.ts"

export interface BatchPolicy {
  /** Rows of the first batch, before anything has been measured. */
  firstRows: number
  smallestRows: number
  largestRows: number
  /** What the p90 of batch times is steered to. */
  targetMs: number
  /** A batch that takes this many times the target is cancelled, and the next one is ten times smaller. */
  panicFactor: number
  /** How long a batch waits for a row that an application holds, before it gives way. Far below the server's deadlock_timeout, so that the application is never the victim. */
  rowLockMs: number
  /** Pause after each batch, as a part of the batch's own time. 0 works without a pause. */
  rest: number
  /** Passes over one window of pages. With more than one, space freed by the first passes lets later rows stay on their page. */
  strides: number
  /** VACUUM after this part of the table has been rewritten. 0 leaves it to autovacuum. */
  vacuumEvery: number
}

export interface LockPolicy {
  /** lock_timeout of one DDL try: the longest that queries of the application can queue behind it. */
  waitMs: number
  /** Tries of one statement, with jittered pauses between. */
  attempts: number
  firstPauseMs: number
  longestPauseMs: number
  /** A DDL statement that runs longer is cancelled: it would be rewriting the table. */
  statementMs: number
  /** lock_timeout of what runs outside a transaction, such as a concurrent build, which waits for other transactions and holds up no query. */
  longWaitMs: number
  /** Tries of such a statement. */
  longAttempts: number
  /** How often it is looked at what such a statement waits for. */
  watchMs: number
  /** How long to wait for another runner on the same shard to finish. */
  rivalMs: number
}

/** What an outside measure says of the application right now. */
interface ForegroundLatency {
  p99Ms: number
  limitMs: number
}

export interface ThrottlePolicy {
  /** How often the signals are read. */
  everyMs: number
  /** The longest single pause; after it the backfill fails with the reason, and can be started again. */
  longestPauseMs: number
  /** Stop while a streaming replica is further behind than this; undefined does not look. */
  replicaLagMs: number | undefined
  replicaLagBytes: number | undefined
  /** Stop while the server writes more WAL than this in a second; undefined does not look. */
  walBytesPerSecond: number | undefined
  /** Stop while a transaction is older than this: VACUUM cannot remove what it may still see. */
  oldestTransactionMs: number | undefined
  /** VACUUM, and stop where that does not help, while more than this part of the table is dead rows. */
  deadRowsPart: number | undefined
  /** Hours of the day in which batches may run, as ["22:00", "06:00"] of the control plane's clock; undefined: always. */
  window: readonly [from: string, to: string] | undefined
  /** The application's own latency; undefined does not look. A probe that throws stops the backfill. */
  foreground: ((shard: string, signal: AbortSignal) => Promise<ForegroundLatency>) | undefined
}

export interface DiskPolicy {
  /** Part of the disk that has to stay free. */
  freePart: number
  /** Free and total bytes of a shard's disk. Undefined: read from the file system where the server is this machine, not known elsewhere. */
  probe: ((shard: ShardSpec) => Promise<{ freeBytes: number; totalBytes: number } | undefined>) | undefined
  /** "refuse" does not start a backfill whose disk cannot be measured; "allow" starts it and logs that. */
  unknown: "refuse" | "allow"
}

export interface ContractPolicy {
  /** How long the statement statistics are watched, at the least, for readers of what is to be dropped. */
  observeMs: number
  /** "required" refuses without evidence from pg_stat_statements; "trust-release" accepts the release layer's word that no reader runs. */
  readers: "required" | "trust-release"
  /** Standbys have statistics of their own, which nobody asks here. "hold" refuses while there is one; "trust" takes it that nothing reads there. */
  replicas: "hold" | "trust"
  /** How long the canary shard lives with the old column renamed before anything is dropped. */
  softDropMs: number
  /** Asked while the canary lives without the column; what it gives are reasons to bring the column back. */
  watch: ((signal: AbortSignal) => Promise<readonly string[]>) | undefined
}

export interface ExpandPolicy {
  /** What to do where pg_stat_statements knows statements with `*` on a table that gets a column: a prepared one fails until its connection ends. */
  starReaders: "warn" | "refuse"
}

interface FleetPolicy {
  /** Shards of one server that take DDL at once. */
  expandPerServer: number
  /** Shards of one server whose rows are moved or verified at once. */
  rowsPerServer: number
  /** After the canary: the part of the fleet that has to be done before the next wave starts, in rising order. */
  waves: readonly number[]
  /** Tries for a shard that cannot be reached or goes away. */
  attempts: number
  firstPauseMs: number
  longestPauseMs: number
  connectMs: number
}

export interface ChangePolicy {
  batch: BatchPolicy
  lock: LockPolicy
  throttle: ThrottlePolicy
  disk: DiskPolicy
  expand: ExpandPolicy
  contract: ContractPolicy
  fleet: FleetPolicy
}

export const defaultPolicy: ChangePolicy = {
  batch: {
    firstRows: 500,
    smallestRows: 10,
    largestRows: 20_000,
    targetMs: milliseconds(250),
    panicFactor: 5,
    rowLockMs: milliseconds(50),
    rest: 0.25,
    strides: 8,
    vacuumEvery: 0.1,
  },
  lock: {
    waitMs: milliseconds(250),
    attempts: 100,
    firstPauseMs: milliseconds(200),
    longestPauseMs: seconds(5),
    statementMs: seconds(5),
    longWaitMs: minutes(30),
    longAttempts: 8,
    watchMs: seconds(1),
    rivalMs: minutes(2),
  },
  throttle: {
    everyMs: milliseconds(500),
    longestPauseMs: hours(36),
    replicaLagMs: seconds(5),
    replicaLagBytes: 256 * 2 ** 20,
    walBytesPerSecond: undefined,
    oldestTransactionMs: minutes(10),
    deadRowsPart: 0.3,
    window: undefined,
    foreground: undefined,
  },
  disk: { freePart: 0.1, probe: undefined, unknown: "allow" },
  expand: { starReaders: "refuse" },
  contract: { observeMs: seconds(10), readers: "required", replicas: "hold", softDropMs: seconds(10), watch: undefined },
  fleet: {
    expandPerServer: 8,
    rowsPerServer: 2,
    waves: [0.25, 1],
    attempts: 8,
    firstPauseMs: milliseconds(200),
    longestPauseMs: seconds(5),
    connectMs: seconds(10),
  },
}

export type PolicyChoices = { [Part in keyof ChangePolicy]?: Partial<ChangePolicy[Part]> }

/** The defaults with what was chosen otherwise. */
export function choosePolicy(choices: PolicyChoices): ChangePolicy {
  return {
    batch: { ...defaultPolicy.batch, ...choices.batch },
    lock: { ...defaultPolicy.lock, ...choices.lock },
    throttle: { ...defaultPolicy.throttle, ...choices.throttle },
    disk: { ...defaultPolicy.disk, ...choices.disk },
    expand: { ...defaultPolicy.expand, ...choices.expand },
    contract: { ...defaultPolicy.contract, ...choices.contract },
    fleet: { ...defaultPolicy.fleet, ...choices.fleet },
  }
}
