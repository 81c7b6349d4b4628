// contract: a run of its own. What is old is dropped, once nothing can read it any more; there is no way back.
import { hasEnded } from "../../runtime/reconcile.ts"
import type { VersionRecord } from "../../store/records.ts"
import { see, stateOfVersion } from "../lifecycle/seen.ts"
import type { Seen } from "../lifecycle/seen.ts"
import { stateInWords, versionMay } from "../lifecycle/version-state.ts"
import { pageDoubts } from "../routing/edge-doubts.ts"
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
      lastReaderStoppedAt: lastStopOfReaders(await ports.versions.all(), change.name),
    }
    const dropped = await engine.contract(change, evidence, fleetRun(context, "contracting"))
    return { dropped }
  },
}

/** Everything that still may need what the contract would take away, in the reader's words. */
export async function objectionsTo(ports: Ports, change: string, signal: AbortSignal): Promise<string[]> {
  const seen = await see(ports, signal)
  const { versions: pages, silent } = await ports.pages.observe(signal)
  const readers = readersOf(await ports.versions.all(), change).flatMap((version) => [
    ...objectionOf(version, seen),
    ...openPages(version.name, pages[version.name]?.open ?? 0),
  ])
  return [...seen.doubts, ...pageDoubts(silent), ...readers]
}

function objectionOf(version: VersionRecord, seen: Seen): string[] {
  const { name, warmUntil } = version
  const state = stateOfVersion(version, seen)
  if (versionMay[state].drop === "yes") return []
  if (state === "warm") return [`${name} is warm: its rollback window is open until ${new Date(warmUntil ?? 0).toISOString()}`]
  const running = seen.copies.filter((copy) => copy.version === name && !hasEnded(copy)).length
  if (state === "stopping" && running > 0)
    return [`${running} ${running === 1 ? "copy" : "copies"} of ${name} still ${running === 1 ? "runs" : "run"}`]
  return [`${name} ${stateInWords[state]}`]
}

const openPages = (name: string, open: number): string[] =>
  open === 0 ? [] : [`${open} ${open === 1 ? "page" : "pages"} of ${name} ${open === 1 ? "is" : "are"} open`]

/** Versions whose commit does not have the change: they use what is old. */
const readersOf = (versions: readonly VersionRecord[], change: string) =>
  versions.filter((version) => version.changes !== undefined && !version.changes.includes(change))

function lastStopOfReaders(versions: readonly VersionRecord[], change: string): number | undefined {
  const stops = readersOf(versions, change).flatMap((version) => version.stoppedAt ?? [])
  return stops.length === 0 ? undefined : Math.max(...stops)
}
