// What the adapters find of this installation on this machine, without starting anything. Called by `conveyor doctor`.
import { Cgroups } from "../runtime/process/cage/cgroups.ts"
import type { StateDirectory } from "../server/installation/state-directory.ts"
import { runningEdge } from "./own-edge.ts"

/** The ports that this installation's own edge listens on now. */
export async function portsOfOwnEdge(state: StateDirectory): Promise<number[]> {
  const running = await runningEdge(state)
  return running === undefined ? [] : [running.listen.port, ...(running.secure === undefined ? [] : [running.secure.port])]
}

export interface ControlGroups {
  may: "be-made" | "not-be-made"
  /** The limits that a build or a copy could not be held to. */
  notEnforced: string[]
}

/** Makes one group as a build would, and takes it away again. */
export function tryControlGroups(state: StateDirectory): ControlGroups {
  const groups = new Cgroups(`${state.root}/doctor`)
  const name = `look-${process.pid}`
  try {
    const { procsFiles, notEnforced } = groups.make(name, { cpu: 1, memory: 2 ** 30, processes: 1_000 }, "low")
    return { may: procsFiles.length > 0 ? "be-made" : "not-be-made", notEnforced }
  } finally {
    groups.remove(name)
  }
}
