// What is seen of versions at one moment (the edge's table, copies, the runs under way), and each version's state by it.
// Called by the keeper, the gates of contract and abort, the status and the control plane.
import type { MemberTable, RoutingTable } from "../../edge/edge.ts"
import type { RuntimeObservation } from "../../runtime/runtime.ts"
import type { JournalEvent, ReleaseRecord, VersionRecord } from "../../store/records.ts"
import { failureBeforeDone, stateOf } from "../machine.ts"
import { plans, servesUsers } from "../plan.ts"
import type { Ports } from "../ports.ts"
import { routingDoubts } from "../routing/edge-doubts.ts"
import { versionState } from "./version-state.ts"
import type { VersionFacts, VersionState } from "./version-state.ts"

export interface Seen extends RuntimeObservation {
  table: RoutingTable | undefined
  members: readonly MemberTable[]
  /** Why it is not known who serves: nothing is stopped meanwhile. */
  doubts: readonly string[]
  /** Runs that bring a version to the users and have not done so yet. */
  runs: readonly RunUnderWay[]
  now: number
}

interface RunUnderWay {
  id: number
  version: string
  /** The version that was current before it, once that is known. */
  previous: string | undefined
  does: Exclude<VersionFacts["run"], "may-go-back-to-it" | "none">
}

export async function see(ports: Ports, signal: AbortSignal): Promise<Seen> {
  const { table, members } = await ports.routing.observe(signal)
  const { copies, wanted } = await ports.runtime.observe(signal)
  const doubts = await whoServesIsUnknown(ports, table, members)
  return { table, members, copies, wanted, doubts, runs: await runsUnderWay(ports), now: ports.clock.now() }
}

/** Those that are anything but stopped or never built, and few others: however many there ever were. */
export async function liveVersions({ versions }: Ports, { table, copies, wanted, runs }: Seen): Promise<VersionRecord[]> {
  const names = new Set([
    ...[...copies, ...wanted].map(({ version }) => version),
    ...(await versions.warm()).map(({ name }) => name),
    ...(table === undefined ? [] : [table.current, ...Object.keys(table.versions)]),
    ...runs.flatMap(({ version, previous }) => [version, ...(previous === undefined ? [] : [previous])]),
  ])
  return (await Promise.all([...names].map((name) => versions.find(name)))).filter((version) => version !== undefined)
}

export function stateOfVersion(version: VersionRecord, seen: Seen): VersionState {
  return versionState(factsOf(version, seen))
}

function factsOf({ name, artifact, warmUntil }: VersionRecord, { table, doubts, copies, wanted, runs, now }: Seen): VersionFacts {
  const isRouted = table !== undefined && name in table.versions
  const bringing = runs.find((run) => run.version === name)
  return {
    artifact: artifact === undefined ? "none" : "built",
    routed: table?.current === name ? "current" : isRouted ? "old" : "no",
    routing: doubts.length > 0 ? "doubted" : "known",
    window: warmUntil === undefined ? "none" : warmUntil > now ? "open" : "over",
    copies: [...copies, ...wanted].some(({ version }) => version === name) ? "some" : "none",
    run: bringing?.does ?? (runs.some(({ previous }) => previous === name) ? "may-go-back-to-it" : "none"),
  }
}

/** Also where the edge has lost the table of what was promoted. */
async function whoServesIsUnknown({ queue }: Ports, table: RoutingTable | undefined, members: readonly MemberTable[]): Promise<string[]> {
  const isLost = table === undefined && (await queue.inState("promoted")).some(({ kind }) => servesUsers[kind])
  return [...routingDoubts(members), ...(isLost ? ["the edge has no routing table, and once had one"] : [])]
}

async function runsUnderWay({ queue, journal }: Ports): Promise<RunUnderWay[]> {
  const running = (await queue.inState("running")).filter(({ kind }) => servesUsers[kind])
  const journals = await Promise.all(running.map(async (run) => ({ run, events: await journal.of(run.id) })))
  return journals.flatMap(({ run, events }) => {
    if (stateOf(plans[run.kind].doneAfter, events) === "done") return []
    const previous = events.find(({ step, event }) => step === "switch" && event === "started")?.facts["previous"]
    return [{ id: run.id, version: run.version, previous: typeof previous === "string" ? previous : undefined, does: doingOf(run, events) }]
  })
}

function doingOf({ kind }: ReleaseRecord, events: readonly JournalEvent[]): RunUnderWay["does"] {
  if (kind === "rollback") return "rolls-back-to-it"
  if (failureBeforeDone(plans[kind], events) !== undefined) return "takes-it-back"
  return stateOf("bake", events) === "begun" ? "bakes-it" : "starts-it"
}
