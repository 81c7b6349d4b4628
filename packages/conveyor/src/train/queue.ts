// In which order runs go. Pure. Asked by the control plane whenever it is idle, and by whoever shows what waits.
import type { ReleaseRecord } from "../store/records.ts"

/** The run to carry on or to begin. */
export function nextRun(waiting: readonly ReleaseRecord[]): ReleaseRecord | undefined {
  return inOrder(waiting)[0]
}

/** What goes before a run that is queued, the next one first; nothing where it is not. */
export function aheadOf(id: number, waiting: readonly ReleaseRecord[]): ReleaseRecord[] {
  const order = inOrder(waiting)
  const at = order.findIndex((release) => release.id === id && release.state === "queued")
  return order.slice(0, Math.max(0, at))
}

/** One that is under way, then rollbacks, then first in, first out. */
function inOrder(waiting: readonly ReleaseRecord[]): ReleaseRecord[] {
  const place = ({ state, kind }: ReleaseRecord) => (state === "running" ? 0 : kind === "rollback" ? 1 : 2)
  return waiting.filter(({ state }) => state === "running" || state === "queued").toSorted((a, b) => place(a) - place(b) || a.id - b.id)
}
