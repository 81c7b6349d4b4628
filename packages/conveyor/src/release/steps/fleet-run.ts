// How steps call the change engine: fenced, cancellable, its progress passed on.
import type { ChangeRun } from "../../change/engine.ts"
import type { StepContext } from "./step.ts"

export function fleetRun({ ports, signal, report }: StepContext, doing: string): ChangeRun {
  return {
    signal,
    fence: ports.fence,
    onProgress: (status) =>
      report({ message: `${doing} ${status.change}`, shards: status.shards.map((shard) => ({ ...shard, change: status.change })) }),
  }
}
