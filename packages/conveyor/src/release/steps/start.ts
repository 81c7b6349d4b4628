// start: new copies beside the old, as many of each service as conveyor.yml says.
import { specsOf } from "../copies/copies.ts"
import { goesWithout, untilItFits } from "../fit/fit.ts"
import { fleetOf, fleetStatus } from "../fit/versions.ts"
import type { Step } from "./step.ts"

export const start: Step = {
  async prepare({ ports, version, signal }) {
    const { wanted } = await ports.runtime.observe(signal)
    return { wasWanted: wanted.some((each) => each.version === version().name) }
  },

  async run({ ports, release, version, config, signal, report, hold, fitsWithout }) {
    const askFleet = async () => fleetStatus(ports, await fleetOf(ports, version(), config), signal)
    const silent = fitsWithout === "to-be-asked" ? await untilItFits(version(), askFleet, { ports, signal, report, hold }) : fitsWithout
    const specs = specsOf(version(), `r-${release.id}`, config)
    report({ message: `${specs.map(({ service, copies }) => `${copies} of ${service}`).join(", ")} at ${version().name}` })
    const copies = await ports.runtime.want(specs, signal)
    return { ...goesWithout(version().name, silent), copies: copies.map(({ id, service }) => ({ id, service })) }
  },

  /** Stops what this run started; a version that was warm before it stays warm. */
  async undo({ ports, version, config, signal, report }, prepared) {
    const { name } = version()
    if (prepared["wasWanted"] === true) {
      ports.store.keepWarm(name, ports.clock.now() + config.release.rollback_window)
      return { kept: "it was warm before" }
    }
    report({ message: `SIGTERM to every copy of ${name}` })
    const stopped = await ports.runtime.unwant(name, signal)
    ports.store.stopped(name)
    return { stopped: stopped.length }
  },
}
