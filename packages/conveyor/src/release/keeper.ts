// Keeps true what was promised between releases: copies that died are started again, requests find them, and a
// version whose rollback window has closed is stopped. Called by the control plane, about once a second.
import type { Config } from "../config/config.ts"
import type { MemberTable, RoutingTable } from "../edge/edge.ts"
import { seconds } from "../kernel/duration.ts"
import { ConveyorError, describe } from "../kernel/errors.ts"
import type { Copy } from "../runtime/runtime.ts"
import type { VersionRecord } from "../store/records.ts"
import { drainAndStop, runningCopies, startCopies, waitUntilWell } from "./copies.ts"
import { routingDoubts } from "./edge-doubts.ts"
import type { Ports } from "./ports.ts"
import { stateOf } from "./machine.ts"
import { plans, servesUsers } from "./plan.ts"
import { withCopies } from "./table.ts"

/** How long one round waits for a copy that has just been started; the next round asks it again. */
const patienceMs = seconds(2)

export interface KeeperOptions {
  ports: Ports
  signal: AbortSignal
  /** For people: what the keeper did. */
  onAct: (message: string) => void
}

export async function keep({ ports, signal, onAct }: KeeperOptions): Promise<void> {
  const { table, members } = await ports.routing.observe(signal)
  const doubts = whoServesIsUnknown(ports, table, members)
  const copies = await ports.runtime.list()
  const failures: unknown[] = []
  for (const version of ports.store.versions()) {
    if (version.artifact === undefined || versionsInWork(ports).includes(version.name)) continue
    const isServing = table !== undefined && version.name in table.versions
    const isOver = version.warmUntil !== undefined || copies.some((copy) => copy.version === version.name)
    try {
      const config = await ports.readConfig(version.commit)
      if (isKept(version, table, ports.clock.now())) {
        await revive(ports, version, config, signal, onAct)
        if (isServing) await route(ports, version, config, signal)
      } else if (isOver && doubts.length === 0) await stop(ports, version, config, signal, onAct)
      else if (isOver) failures.push(new ConveyorError("edge-unknown", `${version.name} is not stopped: ${doubts.join("; ")}`))
    } catch (thrown) {
      // One version that cannot be looked after takes nothing from the others.
      signal.throwIfAborted()
      failures.push(thrown)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "")
}

/** Nothing is stopped while a member may still send it users, or while the edge has lost the table of what was promoted. */
function whoServesIsUnknown({ store }: Ports, table: RoutingTable | undefined, members: readonly MemberTable[]): string[] {
  const isLost = table === undefined && store.releases(["promoted"]).some(({ kind }) => servesUsers[kind])
  return [...routingDoubts(members), ...(isLost ? ["the edge has no routing table, and once had one"] : [])]
}

/** A run that has not done what was asked yet looks after the copies of its version itself, also before it is carried on after a crash. */
function versionsInWork({ store }: Ports): string[] {
  return store
    .releases(["running"])
    .filter(({ id, kind }) => servesUsers[kind] && stateOf(plans[kind].doneAfter, store.journal(id)) !== "done")
    .map((release) => release.version)
}

/** The current version always; an old one while its window is open, or while it still serves and no window was closed. */
function isKept({ name, warmUntil }: VersionRecord, table: RoutingTable | undefined, now: number): boolean {
  if (table?.current === name || (warmUntil !== undefined && warmUntil > now)) return true
  return table !== undefined && name in table.versions && warmUntil === undefined
}

async function revive(
  ports: Ports,
  version: VersionRecord,
  config: Config,
  signal: AbortSignal,
  onAct: (message: string) => void,
): Promise<void> {
  const copies = (await ports.runtime.list()).filter((copy) => copy.version === version.name)
  const wanted = Object.values(config.services).reduce((sum, service) => sum + service.copies, 0)
  const living = copies.filter((copy) => copy.state === "running")
  if (living.length >= wanted) return

  const dead = copies.filter((copy) => copy.state === "exited")
  for (const copy of dead) {
    onAct(`${copy.service} ${copy.index + 1} of ${copy.version} had ended (${copy.logFile}); starting it again`)
    await ports.runtime.stop(copy.id, { graceMs: 0, signal })
  }
  const release = living[0]?.release ?? dead[0]?.release ?? `kept-${version.name}`
  await startCopies(ports, version, release, config, signal, () => {})
}

/**
 * Requests find the copies that are well, and no others. Asked in every round, so that a copy that was slow to start, or
 * was started by a control plane that died before it could route it, is found too.
 */
async function route(ports: Ports, version: VersionRecord, config: Config, signal: AbortSignal): Promise<void> {
  const running = await runningCopies(ports, version.name)
  const { table } = await ports.routing.observe(signal)
  const targets = Object.values(table?.versions[version.name]?.targets ?? {}).flat()
  const isRouted = (copy: Copy) => targets.some((target) => target.copy === copy.id)
  const usable = await Promise.all(running.map(async (copy) => isRouted(copy) || (await isWellSoon(ports, copy, config, signal))))
  const well = running.filter((_, i) => usable[i] === true)
  await ports.routing.change((now) => (now === undefined ? now : withCopies(now, well)), signal)
}

async function isWellSoon(ports: Ports, copy: Copy, config: Config, signal: AbortSignal): Promise<boolean> {
  try {
    await waitUntilWell(ports, copy, config, signal, patienceMs)
    return true
  } catch {
    signal.throwIfAborted()
    return false
  }
}

async function stop(
  ports: Ports,
  version: VersionRecord,
  config: Config,
  signal: AbortSignal,
  onAct: (message: string) => void,
): Promise<void> {
  onAct(`${version.name} is no longer kept warm; stopping its copies`)
  try {
    await drainAndStop(ports, version.name, config, signal, ({ message }) => onAct(message))
  } catch (thrown) {
    signal.throwIfAborted()
    onAct(`could not stop ${version.name} yet: ${describe(thrown)}`)
  }
}
