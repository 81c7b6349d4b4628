// Which run is next. Pure. Asked by the control plane whenever it is idle, and when something new was asked for.
import type { ReleaseRecord } from "../store/records.ts"

/** The run to carry on or to begin: one that is under way, then rollbacks, then first in, first out. */
export function nextRun(waiting: readonly ReleaseRecord[]): ReleaseRecord | undefined {
  const running = waiting.find((release) => release.state === "running")
  const queued = waiting.filter((release) => release.state === "queued").toSorted((a, b) => a.id - b.id)
  return running ?? queued.find((release) => release.kind === "rollback") ?? queued[0]
}
