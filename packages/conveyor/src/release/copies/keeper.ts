// Keeps true what was promised between releases: what is wanted runs, requests find the copies that are well, and a
// version whose rollback window has closed is stopped. Called by the control plane, about once a second. It goes by what
// was recorded when a version was started, whatever is thought today of its commit's conveyor.yml; and it looks only at
// what is wanted, warm or routed, however many versions there ever were.
import type { MemberTable, RoutingTable } from "../../edge/edge.ts"
import { seconds } from "../../kernel/duration.ts"
import { ConveyorError, describe } from "../../kernel/errors.ts"
import type { Copy, RuntimeObservation, WantedService } from "../../runtime/runtime.ts"
import type { VersionRecord } from "../../store/records.ts"
import { drainAndStop, specsOf, waitUntilWell } from "./copies.ts"
import { routingDoubts } from "../routing/edge-doubts.ts"
import type { KeeperAct } from "./keeper-act.ts"
import { stateOf } from "../machine.ts"
import { plans, servesUsers } from "../plan.ts"
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

/** What one round sees, before it does anything. */
interface Seen extends RuntimeObservation {
  table: RoutingTable | undefined
  /** Why it is not known who serves: nothing is stopped meanwhile. */
  doubts: readonly string[]
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
  const { table, members } = await ports.routing.observe(signal)
  const seen: Seen = { ...(await ports.runtime.observe(signal)), table, doubts: whoServesIsUnknown(ports, table, members) }
  for (const version of versionsToKeep(ports, seen)) await attempt(() => keepVersion(version, seen, options))
  for (const version of versionsInWork(ports)) await attempt(() => routeWhatIsWanted(version, seen, options))
  if (failures.length > 0) throw new AggregateError(failures, "")
}

/** Nothing is stopped while a member may still send it users, or while the edge has lost the table of what was promoted. */
function whoServesIsUnknown({ store }: Ports, table: RoutingTable | undefined, members: readonly MemberTable[]): string[] {
  const isLost = table === undefined && store.releases(["promoted"]).some(({ kind }) => servesUsers[kind])
  return [...routingDoubts(members), ...(isLost ? ["the edge has no routing table, and once had one"] : [])]
}

function versionsToKeep(ports: Ports, { table, copies, wanted }: Seen): VersionRecord[] {
  const warm = ports.store.warmVersions().map(({ name }) => name)
  const routed = Object.keys(table?.versions ?? {})
  const names = new Set([...copies.map(({ version }) => version), ...wanted.map(({ version }) => version), ...warm, ...routed])
  const inWork = versionsInWork(ports)
  return [...names].flatMap((name) => {
    const version = inWork.includes(name) ? undefined : ports.store.version(name)
    return version?.artifact === undefined ? [] : [version]
  })
}

/**
 * A run that has not done what was asked yet, also one that is to be carried on after a crash, decides itself what becomes
 * of its version. Once users are on it they are led to the copies that are well, like those of any other.
 */
function versionsInWork({ store }: Ports): string[] {
  return store
    .releases(["running"])
    .filter(({ id, kind }) => servesUsers[kind] && stateOf(plans[kind].doneAfter, store.journal(id)) !== "done")
    .map(({ version }) => version)
}

async function routeWhatIsWanted(version: string, { wanted, table, copies }: Seen, { ports, signal }: KeeperOptions): Promise<void> {
  const own = wanted.filter((each) => each.version === version)
  if (own.length > 0 && table !== undefined && version in table.versions) await route(ports, own, copies, signal)
}

async function keepVersion(version: VersionRecord, seen: Seen, options: KeeperOptions): Promise<void> {
  const { ports } = options
  const wanted = seen.wanted.filter((each) => each.version === version.name)
  if (!isKept(version, seen.table, ports.clock.now())) return stop(version, wanted, seen, options)
  if (wanted.length === 0) return wantAgain(version, seen.copies, options)
  await routeWhatIsWanted(version.name, seen, options)
}

/** The current version always; an old one while its window is open, or while it still serves and no window was closed. */
function isKept({ name, warmUntil }: VersionRecord, table: RoutingTable | undefined, now: number): boolean {
  if (table?.current === name || (warmUntil !== undefined && warmUntil > now)) return true
  return table !== undefined && name in table.versions && warmUntil === undefined
}

/** What is wanted was never written down, or is lost: it is as the commit says. */
async function wantAgain(version: VersionRecord, copies: readonly Copy[], { ports, signal, onAct }: KeeperOptions): Promise<void> {
  const release = copies.find((copy) => copy.version === version.name)?.release ?? `kept-${version.name}`
  const config = await ports.readConfig(version.commit)
  await ports.runtime.want(specsOf(version, release, config), signal)
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
    wanted.flatMap(({ service, version, status }) =>
      copies
        .filter((copy) => copy.service === service && copy.version === version && copy.state === "running")
        .map(async (copy) => (routed.has(copy.id) || (await isWellSoon(ports, copy, status, signal)) ? copy : undefined)),
    ),
  )
  const usable = well.filter((copy) => copy !== undefined)
  await ports.routing.change((now) => (now === undefined ? now : withCopies(now, usable)), signal)
}

async function isWellSoon(ports: Ports, copy: Copy, status: WantedService["status"], signal: AbortSignal): Promise<boolean> {
  try {
    await waitUntilWell(ports, copy, { status, withinMs: patienceMs }, signal)
    return true
  } catch {
    signal.throwIfAborted()
    return false
  }
}

async function stop({ name }: VersionRecord, wanted: readonly WantedService[], seen: Seen, options: KeeperOptions): Promise<void> {
  const { ports, signal, onAct } = options
  if (seen.doubts.length > 0) throw new ConveyorError("edge-unknown", `${name} is not stopped: ${seen.doubts.join("; ")}`)
  onAct({ event: "stopping", version: name })
  const graceMs = Math.max(...(wanted.length === 0 ? [usualGraceMs] : wanted.map(({ stopGraceMs }) => stopGraceMs)))
  try {
    await drainAndStop(ports, name, graceMs, signal, ({ message }) => onAct({ event: "draining", version: name, waitsFor: message }))
  } catch (thrown) {
    signal.throwIfAborted()
    onAct({ event: "not-stopped", version: name, because: describe(thrown) })
  }
}
