// Keeps true what was promised between releases: what is wanted runs, requests find the copies that are well, and a
// version whose rollback window has closed is stopped. Called by the control plane, about once a second. It goes by what
// was recorded when a version was started, whatever is thought today of its commit's conveyor.yml; and it looks only at
// what is wanted, warm or routed, however many versions there ever were.
import { seconds } from "../../kernel/time/duration.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { restsOf } from "../../runtime/runtime.ts"
import type { Copy, WantedService } from "../../runtime/runtime.ts"
import type { VersionRecord } from "../../store/records.ts"
import { drainAndStop, specsOf, waitUntilWell } from "./copies.ts"
import type { KeeperAct } from "./keeper-act.ts"
import { liveVersions, see, stateOfVersion } from "../lifecycle/seen.ts"
import type { Seen } from "../lifecycle/seen.ts"
import { versionMay } from "../lifecycle/version-state.ts"
import type { Ports } from "../ports.ts"
import { withCopies } from "../routing/table.ts"

/** How long one round waits for a copy that has just been started; the next round asks it again. */
const patienceMs = seconds(2)
/** Of copies from before it was recorded with them. */
const usualGraceMs = seconds(30)

export interface KeeperOptions {
  ports: Ports
  signal: AbortSignal
  onAct: (act: KeeperAct) => void
}

/** @throws AggregateError of what could not be done; everything else was. */
export async function keep(options: KeeperOptions): Promise<void> {
  const { ports, signal } = options
  const failures: unknown[] = []
  /** One thing that cannot be looked after takes nothing from the others. */
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch (thrown) {
      signal.throwIfAborted()
      failures.push(...(thrown instanceof AggregateError ? (thrown.errors as unknown[]) : [thrown]))
    }
  }

  await attempt(async () => {
    for (const event of await ports.runtime.reconcile(signal)) options.onAct(event)
  })
  const seen = await see(ports, signal)
  await attempt(() => tellStandings(ports, seen, signal))
  await attempt(() => keepWorkers(ports, seen, signal))
  for (const version of await liveVersions(ports, seen)) await attempt(() => keepVersion(version, seen, options))
  if (failures.length > 0) throw new AggregateError(failures, "")
}

/** What is not known for sure is not told: a worker that waits loses nothing, two that work may do a thing twice. */
async function tellStandings({ runtime }: Ports, seen: Seen, signal: AbortSignal): Promise<void> {
  const { table, wanted, doubts } = seen
  if (doubts.length > 0) return
  for (const version of new Set(wanted.map((each) => each.version))) {
    if (version !== table?.current) await runtime.tell(version, "not-current", signal)
  }
  if (table === undefined || isBeingSwitched(table.current, seen)) return
  if (wanted.some(({ version }) => version === table.current)) await runtime.tell(table.current, "current", signal)
}

/** Workers work for the current version alone, whoever died half-way of switching. */
async function keepWorkers({ versions, runtime }: Ports, seen: Seen, signal: AbortSignal): Promise<void> {
  const { table, wanted, doubts, copies } = seen
  if (doubts.length > 0 || table === undefined) return
  const workers = wanted.filter(restsOf)
  for (const name of new Set(workers.map(({ version }) => version))) {
    const own = workers.filter(({ version }) => version === name)
    if (name === table.current) {
      const isToWake = own.some(({ work }) => work === "resting") && !isBeingSwitched(name, seen)
      if (isToWake) await runtime.wake(name, signal)
      continue
    }
    const version = await versions.find(name)
    // A run starts, or takes back, the workers of its own version itself.
    const isOld = version !== undefined && versionMay[stateOfVersion(version, seen)].keep === "yes"
    const isAtWork = own.some(
      ({ service, work }) => work === "working" || copies.some((copy) => copy.version === name && copy.service === service),
    )
    if (isOld && isAtWork) await runtime.rest(name, signal)
  }
}

/** The step has told it already that it is not current any more, and the table is about to say so. */
const isBeingSwitched = (current: string, { runs }: Seen) => runs.some(({ previous }) => previous === current)

async function keepVersion(version: VersionRecord, seen: Seen, options: KeeperOptions): Promise<void> {
  const { ports, signal } = options
  const wanted = seen.wanted.filter((each) => each.version === version.name)
  const may = versionMay[stateOfVersion(version, seen)]
  if (may.stop === "hold") throw new ConveyorError("edge-unknown", `${version.name} is not stopped: ${seen.doubts.join("; ")}`)
  if (may.stop === "yes") return stop(version, wanted, options)
  if (may.keep === "yes" && wanted.length === 0) return wantAgain(version, seen.copies, options)
  const isRouted = seen.table !== undefined && version.name in seen.table.versions
  if (may.route === "yes" && wanted.length > 0 && isRouted) await route(ports, wanted, seen.copies, signal)
}

/** What is wanted was never written down, or is lost: it is as the commit says. */
async function wantAgain(version: VersionRecord, copies: readonly Copy[], { ports, signal, onAct }: KeeperOptions): Promise<void> {
  const release = copies.find((copy) => copy.version === version.name)?.release ?? `kept-${version.name}`
  const config = await ports.readConfig(version.commit)
  await ports.runtime.want(await specsOf(ports, version, release, config), signal)
  onAct({ event: "wanted-again", version: version.name })
}

/**
 * Requests find the copies that are well, and no others. Asked in every round, so that a copy that was slow to start, or
 * was started by a control plane that died before it could route it, is found too.
 */
async function route(ports: Ports, wanted: readonly WantedService[], copies: readonly Copy[], signal: AbortSignal): Promise<void> {
  const { table } = await ports.routing.observe(signal)
  const routed = new Set(
    Object.values(table?.versions ?? {}).flatMap(({ targets }) =>
      Object.values(targets)
        .flat()
        .map(({ copy }) => copy),
    ),
  )
  const well = await Promise.all(
    wanted
      .filter(({ role }) => role === "server")
      .flatMap(({ service, version, health }) =>
        copies
          .filter(
            (copy) => copy.service === service && copy.version === version && copy.state === "running" && !ports.health.isOut(copy.id),
          )
          .map(async (copy) => (routed.has(copy.id) || (await isWellSoon(ports, copy, health, signal)) ? copy : undefined)),
      ),
  )
  const usable = well.filter((copy) => copy !== undefined)
  await ports.routing.change((now) => (now === undefined ? now : withCopies(now, usable)), signal)
}

async function isWellSoon(ports: Ports, copy: Copy, check: WantedService["health"], signal: AbortSignal): Promise<boolean> {
  try {
    await waitUntilWell(ports, copy, { check, withinMs: patienceMs }, signal)
    return true
  } catch {
    signal.throwIfAborted()
    return false
  }
}

async function stop({ name }: VersionRecord, wanted: readonly WantedService[], options: KeeperOptions): Promise<void> {
  const { ports, signal, onAct } = options
  onAct({ event: "stopping", version: name })
  const graceMs = Math.max(...(wanted.length === 0 ? [usualGraceMs] : wanted.map(({ stopGraceMs }) => stopGraceMs)))
  try {
    await drainAndStop(ports, name, graceMs, signal, ({ message }) => onAct({ event: "draining", version: name, waitsFor: message }))
  } catch (thrown) {
    signal.throwIfAborted()
    onAct({ event: "not-stopped", version: name, because: describe(thrown) })
  }
}
