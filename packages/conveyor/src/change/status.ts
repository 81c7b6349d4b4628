// How far a change has come on the fleet: from the shards' ledgers, and while this process works, from its own progress.
// Called by the engine.
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import { readProgress } from "./ledger/backfill-ledger.ts"
import type { Change } from "./change.ts"
import type { ChangeStatus, ShardPhase, ShardStatus } from "./engine.ts"
import { hasLedger, hasRepackLedger, readEntry } from "./ledger/ledger.ts"
import { readRepack } from "./ledger/repack-ledger.ts"
import type { Session } from "./fleet/session.ts"

const phaseOrder: readonly ShardPhase[] = [
  "absent",
  "expanding",
  "expanded",
  "backfilling",
  "backfilled",
  "verified",
  "contracting",
  "contracted",
]

/** The phase is `phase` or a later one. */
export const hasReached = (phase: ShardPhase | undefined, wanted: ShardPhase): boolean =>
  phaseOrder.indexOf(phase ?? "absent") >= phaseOrder.indexOf(wanted)

const isKnown = (phase: ShardStatus["phase"]): phase is ShardPhase => phase !== "unknown"

const emptyStatus = (shard: string): ShardStatus => ({
  shard,
  phase: "absent",
  rowsDone: 0,
  rowsTotal: 0,
  rowsPerSecond: 0,
  etaMs: undefined,
  pausedFor: undefined,
  batchRows: 0,
  error: undefined,
})

export const unreachableStatus = (shard: string, thrown: unknown): ShardStatus => ({
  ...emptyStatus(shard),
  phase: "unknown",
  error: `unreachable: ${describe(thrown)}${thrown instanceof ConveyorError && thrown.hint !== undefined ? `. ${thrown.hint}` : ""}`,
})

export async function readShardStatus(session: Session, change: string): Promise<ShardStatus> {
  const shard = session.shard.name
  const entry = (await hasLedger(session)) ? await readEntry(session, change) : undefined
  if (entry === undefined) return emptyStatus(shard)
  const repack = (await hasRepackLedger(session)) ? (await readRepack(session, change)).state : "none"
  const progress = await readProgress(session, change, repack === "none" ? "backfill" : "repack")
  const isMoving = entry.phase === "backfilling" || repack === "running"
  return {
    shard,
    phase: entry.phase,
    ...progress,
    etaMs: isMoving ? progress.etaMs : undefined,
    pausedFor: isMoving || entry.phase === "expanding" || entry.phase === "contracting" ? progress.pausedFor : undefined,
    error: entry.error,
    ...(repack === "none" ? {} : { repack }),
  }
}

export function summarise(change: Change, shards: readonly ShardStatus[]): ChangeStatus {
  return {
    change: change.name,
    readiness: readinessOf(shards.map(({ phase }) => phase)),
    contract: contractOf(change, shards),
    shards,
  }
}

/** One shard that is behind decides, whatever a silent one would say. */
function readinessOf(phases: readonly ShardStatus["phase"][]): ChangeStatus["readiness"] {
  const known = phases.filter(isKnown)
  if (phases.length === 0 || !known.every((phase) => hasReached(phase, "verified"))) return "not-ready"
  return known.length < phases.length ? "unknown" : "ready"
}

/** One shard that has lost something decides, whatever a silent one would say. */
function contractOf(change: Change, shards: readonly ShardStatus[]): ChangeStatus["contract"] {
  if (change.operations.every(({ takes }) => takes.length === 0)) return "none"
  const known = shards.map(({ phase }) => phase).filter(isKnown)
  if (shards.length > 0 && shards.every(({ phase }) => phase === "contracted")) return "done"
  if (known.some((phase) => hasReached(phase, "contracting"))) return "begun"
  return known.length < shards.length ? "unknown" : "pending"
}

/** The fleet's status while phases run in this process: each event replaces one shard's part. */
export class FleetProgress {
  readonly #change: Change
  readonly #shards: Map<string, ShardStatus>
  readonly #tell: (status: ChangeStatus) => void

  constructor(change: Change, shards: readonly ShardStatus[], tell: (status: ChangeStatus) => void) {
    this.#change = change
    this.#shards = new Map(shards.map((status) => [status.shard, status]))
    this.#tell = tell
  }

  update(shard: string, news: Partial<ShardStatus>): void {
    this.#shards.set(shard, { ...(this.#shards.get(shard) ?? emptyStatus(shard)), ...news })
    this.#tell(summarise(this.#change, [...this.#shards.values()]))
  }
}
