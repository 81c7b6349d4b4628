// The state of everything in one answer, for `conveyor status` and the dashboard.
import type { ChangeStatus } from "../../change/engine.ts"
import { describe } from "../../kernel/errors/errors.ts"
import { plans, servesUsers } from "../../release/plan.ts"
import type { Health, Illness } from "../../release/copies/health.ts"
import { judge } from "../../release/copies/liveness.ts"
import { liveVersions, see, stateOfVersion } from "../../release/lifecycle/seen.ts"
import type { Seen } from "../../release/lifecycle/seen.ts"
import { standingHolds } from "../../release/holds/hold.ts"
import { stateOf } from "../../release/machine.ts"
import { meterDoubts, pageDoubts } from "../../release/routing/edge-doubts.ts"
import type { Ports } from "../../release/ports.ts"
import type { Copy, Runtime } from "../../runtime/runtime.ts"
import type { ReleaseRecord, VersionRecord } from "../../store/records.ts"
import { numberOf } from "../../store/version-number.ts"
import { differing } from "../../store/environments.ts"
import type { Versions } from "../../store/versions.ts"
import { aheadOf } from "../../train/queue.ts"
import type { CertificateReport, StatusReport } from "../protocol/reports.ts"
import type { RunReport, StepReport } from "../protocol/runs.ts"
import type { CopyReport, VersionReport } from "../protocol/versions.ts"

const newestRuns = 10
const wordsShown = 5
const longestWord = 300

export interface StatusSources {
  ports: Ports
  name: string
  edge: string
  changes: ChangeStatus[]
  signal: AbortSignal
}

export async function statusReport({ ports, name, edge, changes, signal }: StatusSources): Promise<StatusReport> {
  const seen = await see(ports, signal)
  const { table, copies } = seen
  const { versions: loads, silent: silentMeters } = await ports.metering.observe(signal)
  const { versions: pages, silent } = await ports.pages.observe(signal)
  const said = await lastWords(ports.runtime, copies, signal)
  const versions = (await versionsToShow(ports, seen)).map((version): VersionReport => {
    const own = copies.filter((copy) => copy.version === version.name)
    const load = loads[version.name]
    return {
      name: version.name,
      commit: version.commit,
      subject: version.subject,
      state: stateOfVersion(version, seen),
      warmUntil: version.warmUntil,
      pages: pages[version.name]?.open ?? 0,
      inFlight: load?.inFlight ?? 0,
      requests: load?.counters.requests ?? 0,
      failed: (load?.counters.serverErrors ?? 0) + (load?.counters.unreachable ?? 0),
      copies: own.map((copy) => copyReport(copy, ports.health, said.get(copy.id))),
    }
  })
  const tls = await certificatesOf(ports, "as-they-are", signal)
  const newest = (await ports.queue.before(Number.MAX_SAFE_INTEGER, newestRuns)).toReversed()
  const runs = await Promise.all(newest.map((release) => runReport(ports, release)))
  const unknown = [
    ...seen.doubts,
    ...heldCopies(seen, ports.health),
    ...meterDoubts(silentMeters),
    ...pageDoubts(silent),
    ...silentShards(changes),
    ...tls.unknown,
  ]
  return {
    name,
    edge,
    generation: table?.generation,
    current: table?.current,
    versions,
    runs,
    changes,
    certificates: tls.certificates,
    unknown,
  }
}

/** An edge that does not answer is named; one that answers nothing of the kind is of an earlier Conveyor. */
export async function certificatesOf(
  { tls }: Pick<Ports, "tls">,
  how: "as-they-are" | "read-anew",
  signal: AbortSignal,
): Promise<{ certificates: CertificateReport[]; unknown: string[] }> {
  try {
    const { certificates, silent } = await tls.certificates(how, signal)
    const unknown = silent.map(({ member, reason }) => `${member} does not say which certificates it uses (${reason})`)
    return { certificates: certificates.map((each) => ({ ...each, hosts: [...each.hosts] })), unknown }
  } catch (thrown) {
    signal.throwIfAborted()
    return { certificates: [], unknown: [`which certificates the edge uses is not known (${describe(thrown)})`] }
  }
}

/** Oldest first. What is over says nothing about now: of those versions the newest are enough. */
async function versionsToShow(ports: Ports, seen: Seen): Promise<VersionRecord[]> {
  const live = await liveVersions(ports, seen)
  const newest = await ports.versions.newest(newestRuns + live.length)
  const isOver = (version: VersionRecord) => ["stopped", "unbuilt"].includes(stateOfVersion(version, seen))
  const shown = [...newest.filter(isOver).slice(-newestRuns), ...live.filter((version) => !isOver(version))]
  return shown.toSorted((a, b) => numberOf(a.name) - numberOf(b.name))
}

function copyReport(
  { id, service, state, address, node, restarts, end, before }: Copy,
  health: Health,
  lastOutput: string[] | undefined,
): CopyReport {
  const illness = health.illnessOf(id)
  return {
    id,
    service,
    state,
    address: `${address.host}:${address.port}`,
    node,
    restarts,
    ended: end?.reason,
    lastOutput,
    replaced: before === undefined ? undefined : { reason: before.reason, at: before.at },
    illness: illness === undefined ? undefined : { ...toldOf(illness), requests: health.isOut(id) ? "none" : "as-before" },
  }
}

const toldOf = ({ kind, reason, failures, since }: Illness) => ({ kind, reason, failures, since })

/** Of copies that end again and again. */
async function lastWords(runtime: Runtime, copies: readonly Copy[], signal: AbortSignal): Promise<Map<string, string[]>> {
  const looping = copies.filter(({ state }) => state === "crash-loop")
  const read = async ({ id }: Copy) => {
    const lines: string[] = []
    for await (const { text } of runtime.logs(id, { last: wordsShown, follow: "end", signal })) lines.push(text.slice(0, longestWord))
    return [id, lines] as const
  }
  return new Map(await Promise.all(looping.map(read)))
}

const heldCopies = (seen: Seen, health: Health): string[] =>
  judge(seen, health, seen.now).flatMap((verdict) => (verdict.do === "hold" ? [verdict.reason] : []))

/** One line a shard, however many changes ask it. */
const silentShards = (changes: readonly ChangeStatus[]): string[] => {
  const silent = changes.flatMap(({ shards }) => shards).filter(({ phase }) => phase === "unknown")
  return [
    ...new Map(
      silent.map(({ shard, error }) => [shard, `how far changes are on ${shard} is not known: ${error ?? "it does not answer"}`]),
    ).values(),
  ]
}

export async function runReport({ queue, journal, versions }: Ports, release: ReleaseRecord): Promise<RunReport> {
  const waiting = release.state === "queued" ? await queue.inState("queued", "running") : []
  const events = await journal.of(release.id)
  const steps = plans[release.kind].steps.map((name): StepReport => {
    const own = events.filter((event) => event.step === name)
    // Going back is another thing than going forward took.
    const ended = own.findLast((event) => event.event === "succeeded" || event.event === "failed")
    const state = stateOf(name, events)
    const hold = standingHolds(own, name).at(-1)
    return {
      name,
      state,
      startedAt: own[0]?.at,
      ms: own[0] === undefined || ended === undefined ? undefined : ended.at - own[0].at,
      facts: ended?.facts,
      holding: hold?.reason,
      hold,
    }
  })
  return {
    ...release,
    steps,
    requests: await queue.requestsFor(release.id),
    ahead: aheadOf(release.id, waiting),
    ...(await toldDifferently(versions, release)),
  }
}

/** Of what carries users to another version. The first version differs from none. */
async function toldDifferently(versions: Versions, { kind, version }: ReleaseRecord): Promise<Pick<RunReport, "toldDifferently">> {
  if (!servesUsers[kind]) return {}
  const before = await versions.find(`v${Number(version.slice(1)) - 1}`)
  const names = before === undefined ? [] : differing(before.environment, (await versions.find(version))?.environment)
  return names.length === 0 ? {} : { toldDifferently: names }
}
