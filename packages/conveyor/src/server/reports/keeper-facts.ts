// What the keeper did or saw, in the protocol's shape: facts, which whoever shows them puts into words.
import type { KeeperAct } from "../../release/copies/keeper-act.ts"
import type { KeeperFact } from "../protocol/events.ts"

const kinds = {
  started: "copy-started",
  restarted: "copy-restarted",
  "crash-loop": "copy-crash-loop",
  "stopped-surplus": "copy-surplus-stopped",
  "given-up": "copy-given-up",
  "wanted-again": "version-wanted-again",
  stopping: "version-stopping",
  draining: "version-draining",
  "not-stopped": "version-not-stopped",
} as const satisfies Record<KeeperAct["event"], KeeperFact["kind"]>

export function keeperFact(act: KeeperAct): KeeperFact {
  const kind = kinds[act.event]
  if (!("copy" in act)) return { kind, version: act.version, ...reasonOf(act) }
  const { id, service, index, restarts, version } = act.copy
  return { kind, version, copy: { id, service, index, restarts }, ...reasonOf(act) }
}

function reasonOf(act: KeeperAct): { reason?: string } {
  if (act.event === "draining") return { reason: act.waitsFor }
  if (act.event === "not-stopped") return { reason: act.because }
  return "reason" in act && act.reason !== undefined ? { reason: act.reason } : {}
}
