// repack: a run of its own. Rows that still carry what a contract dropped are written anew, in batches beside the users.
import { changeOf } from "../fit/versions.ts"
import { fleetRun } from "./fleet-run.ts"
import type { Step } from "./step.ts"

export const repack: Step = {
  async run(context) {
    const { ports, release, version, config } = context
    const { engine, change } = await changeOf(ports, version(), config, release.change ?? "")
    return { ...(await engine.repack(change, fleetRun(context, "repacking"))) }
  },
}
