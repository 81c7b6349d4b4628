// What a version needs around it: its artifact, its changes, its fleet. Called by the steps, the keeper and the plan.
import type { Change } from "../../change/change.ts"
import type { ChangeEngine, ChangeStatus } from "../../change/engine.ts"
import type { Config } from "../../config/config.ts"
import type { Route } from "../../edge/edge.ts"
import type { ArtifactRef } from "../../kernel/artifact.ts"
import { fleetsOf } from "../../config/fleets.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { VersionRecord } from "../../store/records.ts"
import type { Ports } from "../ports.ts"
import { remembered } from "./remembered.ts"

/** @throws ConveyorError "not-built" */
export function artifactOf(version: VersionRecord): ArtifactRef {
  if (version.artifact !== undefined) return version.artifact
  throw new ConveyorError("not-built", `${version.name} has no artifact`, {
    facts: { version: version.name, commit: version.commit },
    hint: `Release its commit: conveyor release ${version.commit.slice(0, 8)}`,
  })
}

export interface Fleet {
  engine: ChangeEngine
  /** The changes in the version's own commit, oldest first. */
  own: readonly Change[]
  /** Every change that any built version has: what the compatibility rule looks at. */
  known: readonly Change[]
}

/** The changes of a commit, in the folders of every fleet that the config names, oldest first. @throws ConveyorError "bad-change" */
export async function changesIn(ports: Ports, commit: string, config: Config): Promise<Change[]> {
  const changes = (await Promise.all(fleetsOf(config).map((fleet) => ports.loadChanges(commit, fleet.changes)))).flat()
  const [first, second] = changes.map(({ name }) => changes.filter((other) => other.name === name)).find(({ length }) => length > 1) ?? []
  if (first !== undefined && second !== undefined) {
    throw new ConveyorError("bad-change", `${first.file} and ${second.file} have one name: of several fleets each change has its own`, {
      facts: { change: first.name, files: [first.file, second.file] },
      hint: "Rename one of them.",
    })
  }
  return changes.toSorted((a, b) => a.name.localeCompare(b.name, "en"))
}

/** The fleets that a version runs on, or undefined where its config has none. */
export async function fleetOf(ports: Ports, version: VersionRecord, config: Config): Promise<Fleet | undefined> {
  const engine = ports.changeEngine(config)
  if (engine === undefined || fleetsOf(config).length === 0) return undefined
  const own = await changesIn(ports, version.commit, config)
  const known = new Map<string, Change>()
  for (const each of await ports.versions.oneOfEachChanges()) {
    if ((each.changes ?? []).every((name) => known.has(name))) continue
    for (const change of await changesIn(ports, each.commit, config)) known.set(change.name, change)
  }
  for (const change of own) known.set(change.name, change)
  return { engine, own, known: [...known.values()].toSorted((a, b) => a.name.localeCompare(b.name, "en")) }
}

/** @throws ConveyorError "no-such-change" where the version's commit does not have it. */
export async function changeOf(
  ports: Ports,
  version: VersionRecord,
  config: Config,
  name: string,
): Promise<{ engine: ChangeEngine; change: Change }> {
  const fleet = await fleetOf(ports, version, config)
  const change = fleet?.own.find((each) => each.name === name)
  if (fleet !== undefined && change !== undefined) return { engine: fleet.engine, change }
  throw new ConveyorError("no-such-change", `${version.name} has no change "${name}" in its commit`, {
    facts: { change: name, version: version.name, known: fleet?.own.map((each) => each.name) ?? [] },
    hint: "conveyor change status lists the changes.",
  })
}

/** The state of every known change, for the compatibility rule: what the shards say, and of a silent one what the record proves. */
export async function fleetStatus(ports: Ports, fleet: Fleet | undefined, signal: AbortSignal): Promise<ChangeStatus[]> {
  if (fleet === undefined) return []
  const heard = await fleet.engine.status(fleet.known, signal)
  if (heard.every(({ shards }) => shards.every(({ phase }) => phase !== "unknown"))) return heard
  const records = { releases: await ports.queue.all(), versions: await ports.versions.all(), shardsOf: await shardsByVersion(ports) }
  return heard.map((status) => remembered(status, records))
}

/** A version whose file can no longer be read proves nothing. */
async function shardsByVersion(ports: Ports): Promise<(version: string) => readonly string[]> {
  const shards = new Map<string, readonly string[]>()
  for (const { name, commit, changes } of await ports.versions.all()) {
    if (changes === undefined || changes.length === 0) continue
    try {
      shards.set(
        name,
        fleetsOf(await ports.readConfig(commit)).flatMap((fleet) => Object.keys(fleet.shards)),
      )
    } catch {
      continue
    }
  }
  return (version) => shards.get(version) ?? []
}

/** The routing table's view of conveyor.yml. */
export const routesOf = (config: Config) =>
  Object.entries(config.services).flatMap(([service, { routes }]) => routes.map((route) => routeTo(service, route)))

/** What stands before the first "/" is the host. */
function routeTo(service: string, route: string): Route {
  const slash = route.indexOf("/")
  return { ...(slash === 0 ? {} : { host: route.slice(0, slash) }), prefix: route.slice(slash), service }
}
