// abort: a run of its own. A change that is expanded is taken away again: triggers, new columns, new tables. What was
// written only into them goes with them, so it is refused while a version that has the change can still serve.
import { ConveyorError } from "../../kernel/errors.ts"
import { hasEnded } from "../../runtime/reconcile.ts"
import type { VersionRecord } from "../../store/records.ts"
import { routingDoubts } from "../routing/edge-doubts.ts"
import type { Ports } from "../ports.ts"
import { changeOf } from "../fit/versions.ts"
import { fleetRun } from "./fleet-run.ts"
import type { Step } from "./step.ts"

export const abort: Step = {
  async run(context) {
    const { ports, release, version, config, signal } = context
    const { engine, change } = await changeOf(ports, version(), config, release.change ?? "")
    const objections = await objectionsToAbort(ports, change.name, signal)
    if (objections.length > 0) {
      throw new ConveyorError("abort-refused", `${change.name} is not taken away:\n${objections.map((line) => `- ${line}`).join("\n")}`, {
        facts: { change: change.name, objections },
        hint: "Roll back to a version without the change and retire the others first.",
      })
    }
    await engine.undo(change, fleetRun(context, "taking away"))
    return { aborted: change.name }
  },
}

/** Everything that still may need what the abort would take away, in the reader's words. */
export async function objectionsToAbort(ports: Ports, change: string, signal: AbortSignal): Promise<string[]> {
  const [{ copies }, { table, members }] = [await ports.runtime.observe(signal), await ports.routing.observe(signal)]
  const needs = ({ changes }: VersionRecord) => changes?.includes(change) === true
  const serving = ports.store
    .versions()
    .filter(needs)
    .flatMap(({ name, warmUntil }) => {
      if (table?.current === name) return [`${name}, which needs it, is the current version`]
      if (table !== undefined && name in table.versions) return [`${name}, which needs it, still serves requests`]
      if (warmUntil !== undefined || copies.some((copy) => copy.version === name && !hasEnded(copy)))
        return [`${name}, which needs it, is kept warm`]
      return []
    })
  return [...routingDoubts(members), ...serving]
}
