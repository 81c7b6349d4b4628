// abort: a run of its own. A change that is expanded is taken away again: triggers, new columns, new tables. What was
// written only into them goes with them, so it is refused while a version that has the change can still serve.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { see, stateOfVersion } from "../lifecycle/seen.ts"
import { stateInWords, versionMay } from "../lifecycle/version-state.ts"
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
  const seen = await see(ports, signal)
  const needing = (await ports.versions.all()).filter(({ changes }) => changes?.includes(change) === true)
  return [
    ...seen.doubts,
    ...needing.flatMap((version) => {
      const state = stateOfVersion(version, seen)
      return versionMay[state].drop === "yes" ? [] : [`${version.name}, which needs it, ${stateInWords[state]}`]
    }),
  ]
}
