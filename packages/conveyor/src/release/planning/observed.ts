// What is seen before a run is planned: whatever does not answer is unknown, and keeps nobody from planning the rest. Called
// by run.ts and for `conveyor plan`.
import type { ChangeStatus } from "../../change/engine.ts"
import type { Config } from "../../config/config.ts"
import type { RoutingTable } from "../../edge/edge.ts"
import { describe } from "../../kernel/errors/errors.ts"
import type { JournalEvent, ReleaseKind, VersionRecord } from "../../store/records.ts"
import { changesIn, fleetOf, fleetStatus } from "../fit/versions.ts"
import { stateOf } from "../machine.ts"
import type { Ports } from "../ports.ts"

export interface Wish {
  kind: ReleaseKind
  commit: string
  /** The commit's version, where it has one. */
  version: VersionRecord | undefined
  config: Config
  /** Of a contract, an abort or a repack. */
  change?: string | undefined
}

export type Known<T> = { is: "known"; value: T } | { is: "unknown"; because: string }

export interface Observed {
  /** The run in which its tests have passed. */
  testedIn: number | undefined
  table: Known<RoutingTable | undefined>
  /** How many copies of each of its services are wanted already. */
  wanted: Known<Readonly<Record<string, number>>>
  /** Whether copies of it were wanted before this run has started any. */
  before: "warm" | "cold"
  /** Of its own changes, oldest first; and where their shards stand. */
  changes: Known<readonly ChangeStatus[]>
  cores: number
}

export interface ObserveOptions {
  /** Of the run, where it was begun before. */
  journal: readonly JournalEvent[]
  fleet: "look" | "do-not-look"
  signal: AbortSignal
}

/** @throws only the signal's reason. */
export async function observe(
  ports: Ports,
  { kind, commit, version, config }: Wish,
  { journal, fleet, signal }: ObserveOptions,
): Promise<Observed> {
  const { routing, runtime, cores } = ports
  const [table, wanted, changes] = await Promise.all([
    known(async () => (await routing.observe(signal)).table, signal),
    known(async () => wantedOf(version, (await runtime.observe(signal)).wanted), signal),
    known(async () => (kind === "release" && fleet === "look" ? changesOf(ports, commit, version, config, signal) : []), signal),
  ])
  const wasWanted = journal.find(({ step, event }) => step === "start" && event === "started")?.facts["wasWanted"]
  const isWarm = wasWanted ?? (wanted.is === "known" && Object.keys(wanted.value).length > 0)
  return {
    testedIn: kind === "release" && version !== undefined ? await testedIn(ports, version) : undefined,
    table,
    wanted,
    before: isWarm === true ? "warm" : "cold",
    changes,
    cores,
  }
}

async function known<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<Known<T>> {
  try {
    return { is: "known", value: await ask() }
  } catch (thrown) {
    signal.throwIfAborted()
    return { is: "unknown", because: describe(thrown) }
  }
}

const wantedOf = (version: VersionRecord | undefined, wanted: readonly { version: string; service: string; copies: number }[]) =>
  Object.fromEntries(wanted.filter((each) => each.version === version?.name).map(({ service, copies }) => [service, copies]))

/** The run in which the version's tests passed. */
async function testedIn({ queue, journal }: Ports, { name }: VersionRecord): Promise<number | undefined> {
  for (const { id } of await queue.ofVersion(name)) if (stateOf("test", await journal.of(id)) === "done") return id
  return undefined
}

async function changesOf(
  ports: Ports,
  commit: string,
  version: VersionRecord | undefined,
  config: Config,
  signal: AbortSignal,
): Promise<ChangeStatus[]> {
  if (version !== undefined) {
    const fleet = await fleetOf(ports, version, config)
    const own = new Set(fleet?.own.map(({ name }) => name))
    return (await fleetStatus(ports, fleet, signal)).filter(({ change }) => own.has(change))
  }
  const engine = ports.changeEngine(config)
  return engine === undefined ? [] : engine.status(await changesIn(ports, commit, config), signal)
}
