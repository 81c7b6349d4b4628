// contract: a run of its own. What is old is dropped, once nothing can read it any more; there is no way back.
import { hasEnded } from "../../runtime/reconcile.ts"
import type { VersionRecord } from "../../store/records.ts"
import { pageDoubts, routingDoubts } from "../routing/edge-doubts.ts"
import type { Ports } from "../ports.ts"
import { changeOf } from "../fit/versions.ts"
import { fleetRun } from "./fleet-run.ts"
import type { Step } from "./step.ts"

export const contract: Step = {
  async run(context) {
    const { ports, release, version, config, signal } = context
    const { engine, change } = await changeOf(ports, version(), config, release.change ?? "")
    const evidence = {
      objections: await objectionsTo(ports, change.name, signal),
      lastReaderStoppedAt: lastStopOfReaders(ports.store.versions(), change.name),
    }
    const dropped = await engine.contract(change, evidence, fleetRun(context, "contracting"))
    return { dropped }
  },
}

/** Everything that still may need what the contract would take away, in the reader's words. */
export async function objectionsTo(ports: Ports, change: string, signal: AbortSignal): Promise<string[]> {
  const [{ copies }, { table, members }, { versions: seen, silent }] = [
    await ports.runtime.observe(signal),
    await ports.routing.observe(signal),
    await ports.pages.observe(signal),
  ]
  const objections = [...routingDoubts(members), ...pageDoubts(silent)]
  for (const version of readersOf(ports.store.versions(), change)) {
    const { name, warmUntil } = version
    const running = copies.filter((copy) => copy.version === name && !hasEnded(copy)).length
    const pages = seen[name]?.open ?? 0
    if (table?.current === name) objections.push(`${name} is the current version`)
    else if (table !== undefined && name in table.versions) objections.push(`${name} still serves requests`)
    if (pages > 0) objections.push(`${pages} ${pages === 1 ? "page" : "pages"} of ${name} ${pages === 1 ? "is" : "are"} open`)
    if (warmUntil !== undefined) objections.push(`${name} is warm: its rollback window is open until ${new Date(warmUntil).toISOString()}`)
    else if (running > 0)
      objections.push(`${running} ${running === 1 ? "copy" : "copies"} of ${name} still ${running === 1 ? "runs" : "run"}`)
  }
  return objections
}

/** Versions whose commit does not have the change: they use what is old. */
const readersOf = (versions: readonly VersionRecord[], change: string) =>
  versions.filter((version) => version.changes !== undefined && !version.changes.includes(change))

function lastStopOfReaders(versions: readonly VersionRecord[], change: string): number | undefined {
  const stops = readersOf(versions, change).flatMap((version) => version.stoppedAt ?? [])
  return stops.length === 0 ? undefined : Math.max(...stops)
}
