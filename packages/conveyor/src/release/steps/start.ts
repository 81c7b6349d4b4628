// start: new copies beside the old, as many of each service as conveyor.yml says.
import { runningCopies, startCopies, stopCopies } from "../copies.ts"
import { goesWithout, untilItFits } from "../fit.ts"
import { fleetOf, fleetStatus } from "../versions.ts"
import type { Step } from "./step.ts"

export const start: Step = {
  async prepare({ ports, version }) {
    return { ranBefore: (await runningCopies(ports, version().name)).map((copy) => copy.id) }
  },

  async run({ ports, release, version, config, signal, report, hold, fitsWithout }) {
    const askFleet = async () => fleetStatus(ports, await fleetOf(ports, version(), config), signal)
    const silent = fitsWithout === "to-be-asked" ? await untilItFits(version(), askFleet, { ports, signal, report, hold }) : fitsWithout
    const copies = await startCopies(ports, version(), `r-${release.id}`, config, signal, report)
    return { ...goesWithout(version().name, silent), copies: copies.map(({ id, service, logFile }) => ({ id, service, logFile })) }
  },

  /** Stops what this run started; copies that were warm before it stay warm. */
  async undo({ ports, version, config, signal, report }, prepared) {
    const { ranBefore } = prepared as { ranBefore: readonly string[] }
    const all = (await ports.runtime.list()).filter((copy) => copy.version === version().name)
    const own = all.filter((copy) => !ranBefore.includes(copy.id))
    await stopCopies(ports, own, config, signal, report)
    if (own.length === all.length) ports.store.stopped(version().name)
    else ports.store.keepWarm(version().name, ports.clock.now() + config.release.rollback_window)
    return { stopped: own.map((copy) => copy.id) }
  },
}
