// The only file that names concrete adapters: process or Swarm, embedded edge or HAProxy. Makes everything that a
// control plane needs, from one state directory and one conveyor.yml.
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { createChangeEngine } from "../change/create-engine.ts"
import type { Change } from "../change/change.ts"
import type { ChangeEngine } from "../change/engine.ts"
import { createFleets } from "../change/fleets.ts"
import { readChanges } from "../change/files/load-changes.ts"
import { configFileName, loadConfig } from "../config/load-config.ts"
import type { Variables } from "../config/load-config.ts"
import { readConfig } from "../config/read-config.ts"
import type { Config } from "../config/config.ts"
import { fleetsOf } from "../config/fleets.ts"
import type { NamedFleetConfig } from "../config/fleets.ts"
import { createEdgeSet } from "../edge/edge-set.ts"
import { createEmbeddedEdge } from "../edge/embedded/adapter.ts"
import { launchEdge, stopEdge } from "../edge/embedded/process/launch.ts"
import type { Clock } from "../kernel/time/clock.ts"
import { seconds } from "../kernel/time/duration.ts"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { holderOf } from "../kernel/process/listeners.ts"
import type { Logger } from "../kernel/logger.ts"
import { whyIllegal } from "../release/machine.ts"
import { createEnvironments } from "../release/environments.ts"
import type { Ports } from "../release/ports.ts"
import { patientEdge } from "../release/routing/patient-edge.ts"
import { Health } from "../release/copies/health.ts"
import { JobBook } from "../release/jobs/job-book.ts"
import { Jobs } from "../release/jobs/jobs.ts"
import { Routing } from "../release/routing/routing.ts"
import { UsersView } from "../release/routing/users-view.ts"
import type { Builder } from "../runtime/builder.ts"
import { clearUnfinished, createDirectoryBuilder } from "../runtime/process/directory-builder.ts"
import { createProcessRuntime } from "../runtime/process/process-runtime.ts"
import { makeStateDirectory } from "../server/installation/state-directory.ts"
import type { StateDirectory } from "../server/installation/state-directory.ts"
import { leaseMs } from "../server/hold-lease.ts"
import type { Lease } from "../store/lease.ts"
import { openSqliteStore } from "../store/sqlite/open.ts"
import { edgeLaunchOf } from "./own-edge.ts"
import { changePolicyOf } from "./policies.ts"
import { installationId } from "../server/installation/installation.ts"
import type { WatchParts } from "../server/watching/watching.ts"
import { Book } from "../watch/book/book.ts"
import { queryHealth } from "../watch/health-query.ts"
import { queryPath } from "../watch/path-query.ts"
import { audiencesOf, exportersOf, notifiersOf, paceOf, standingChecks } from "./watching.ts"

export interface WiringOptions {
  state: StateDirectory
  /** The installation's conveyor.yml: its edge's address. What is released is read from each commit's own. */
  configFile: string
  variables: Variables
  clock: Clock
  logger: Logger
  signal: AbortSignal
}

export interface Wired {
  ports: Ports
  lease: Lease
  config: Config
  edgeUrl: string
  watch: WatchParts
  jobs: Jobs
  /** Starts the edge again where it died. */
  reviveEdge: () => Promise<void>
  close: () => Promise<void>
}

export async function wire({ state, configFile, variables, clock, logger, signal }: WiringOptions): Promise<Wired> {
  await makeStateDirectory(state)
  const config = await readConfig(configFile, variables)
  const store = openSqliteStore(state.database, { clock, whyIllegal })
  const fence = await store.lease.acquire(leaseMs)

  const edgeLaunch = edgeLaunchOf(config, state, clock, signal)
  const { listen } = edgeLaunch
  const launch = (port: number) => launchEdge({ ...edgeLaunch, listen: { ...listen, port } })
  const edge = await launch(listen.port).catch(async (thrown: unknown) => {
    throw await namingHolder(thrown, listen)
  })
  let address = { adminUrl: edge.adminUrl, token: edge.token }

  await clearUnfinished(state.artifacts, clock)
  const builder = createDirectoryBuilder({ repository: state.repository, artifacts: state.artifacts, logs: state.logs, clock })
  const engines = new Map<string, ChangeEngine>()
  const configs = new Map<string, Config>()
  const edges = patientEdge(createEdgeSet({ members: () => [createEmbeddedEdge(address)], withinMs: seconds(5) }), clock)
  const users = new UsersView(edges.metering, clock)
  const ports: Ports = {
    journal: store.journal,
    versions: store.versions,
    queue: store.queue,
    builder,
    runtime: createProcessRuntime({ directory: state.runtime, clock, edgeUrl: edge.url }),
    routing: new Routing(edges.routing, fence),
    metering: edges.metering,
    tls: edges.tls,
    pages: edges.pages,
    users,
    queryHealth,
    queryPath,
    health: new Health(),
    changeEngine: (of) => engineFor(of, "", engines, users, clock, logger),
    loadChanges: once((commit, folder) => changesOf(builder, commit, folder)),
    environments: createEnvironments({ folder: state.environments, installation: config, variables }),
    readConfig: (commit) => readConfigOnce(commit, builder, configs, variables),
    cores: availableParallelism(),
    clock,
    logger,
    fence,
  }

  const book = new Book(state.watch)
  const watch: WatchParts = {
    book,
    standing: standingChecks(
      config,
      { edgeUrl: edge.url, stateFile: state.database },
      { clock, lastBeat: (name) => book.heartbeats.lastOf(name) },
    ),
    copyPace: config.watch.own.includes("copies") ? paceOf(config.watch.pace) : undefined,
    users: config.watch.own.includes("users") ? "watched" : "unwatched",
    notifiers: notifiersOf(config.watch, clock),
    audiences: audiencesOf(config.watch),
    exporters: exportersOf(config),
    goal: config.watch.goal,
    service: config.name,
    installation: await installationId(state),
  }

  const jobBook = new JobBook(state.jobs)
  return {
    ports,
    lease: store.lease,
    config,
    edgeUrl: edge.url,
    watch,
    jobs: new Jobs(ports, jobBook),
    async reviveEdge() {
      // On the port that users and copies know, where any free one was asked for.
      const running = await launch(edge.listen.port)
      address = { adminUrl: running.adminUrl, token: running.token }
    },
    async close() {
      await Promise.all([...engines.values()].map((engine) => engine.close()))
      // Whoever comes next sees that this process is gone, too.
      await store.lease.release().catch(() => {})
      await store.close()
      book.close()
      jobBook.close()
    },
  }
}

/** A commit does not change, and neither does the environment of this process. @throws BadFileError, ConveyorError "bad-file" */
async function readConfigOnce(commit: string, builder: Builder, configs: Map<string, Config>, variables: Variables): Promise<Config> {
  const known = configs.get(commit)
  if (known !== undefined) return known
  const text = await builder.readFile(commit, configFileName)
  if (text === undefined) {
    throw new ConveyorError("bad-file", `commit ${commit.slice(0, 8)} has no ${configFileName}`, {
      hint: "Commit one: `conveyor init` writes it.",
    })
  }
  const config = loadConfig(text, configFileName, variables)
  configs.set(commit, config)
  return config
}

/** The change files as the commit has them, whatever a build made of them since. */
function changesOf(builder: Builder, commit: string, folder: string): Promise<readonly Change[]> {
  return readChanges({
    path: folder,
    list: () => builder.listFiles(commit, folder),
    read: async (name) => {
      const text = await builder.readFile(commit, `${folder}/${name}`)
      if (text !== undefined) return text
      throw new ConveyorError("bad-change", `${folder}/${name} of commit ${commit.slice(0, 8)} leads nowhere`, {
        facts: { commit, folder, name },
        hint: "Commit the file itself, not a link to what the commit does not have.",
      })
    },
  })
}

const commitsRemembered = 100

/** What a commit says never changes: it is read once. A reading that failed is tried again. */
function once<T>(read: (commit: string, folder: string) => Promise<T>): (commit: string, folder: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (commit, folder) => {
    const key = `${commit}:${folder}`
    const found = known.get(key)
    if (found !== undefined) return found
    const reading = read(commit, folder)
    known.set(key, reading)
    reading.catch(() => known.delete(key))
    for (const oldest of known.keys()) if (known.size > commitsRemembered) known.delete(oldest)
    return reading
  }
}

/** The engine for the fleets of a config, for commands that work without a control plane; `root` is where conveyor.yml is. @throws ConveyorError "no-fleet" */
export function openFleet(config: Config, root: string, clock: Clock, logger: Logger): ChangeEngine {
  const engine = engineFor(config, root, new Map(), undefined, clock, logger)
  if (engine !== undefined) return engine
  throw new ConveyorError("no-fleet", `${configFileName} names no fleet`, {
    hint: "Add `fleet:` with its shards; `conveyor init --print` shows how.",
  })
}

/** Stops what outlives the control plane: the edge, and every copy. */
export async function stopEverything(
  state: StateDirectory,
  clock: Clock,
  signal: AbortSignal,
  onStop: (what: string) => void,
): Promise<void> {
  onStop("edge")
  // A little longer than the edge itself waits for requests in flight.
  await stopEdge(state.edge, { graceMs: seconds(35), clock, signal })
  const runtime = createProcessRuntime({ directory: state.runtime, clock })
  // What is wanted stays written down: after the next start the same runs again.
  await Promise.all(
    (await runtime.observe(signal)).copies.map(async (copy) => {
      onStop(`${copy.service} ${copy.index + 1} of ${copy.version}`)
      await runtime.stop(copy.id, { graceMs: seconds(10), signal })
    }),
  )
}

/** `users` is undefined where nobody is to be disturbed: a plan. */
function engineFor(
  config: Config,
  root: string,
  engines: Map<string, ChangeEngine>,
  users: UsersView | undefined,
  clock: Clock,
  logger: Logger,
): ChangeEngine | undefined {
  const fleets = fleetsOf(config).map((fleet) => ({
    name: fleet.name,
    folder: join(root, fleet.changes),
    engine: engineOfFleet(fleet, engines, users, clock, logger),
  }))
  return fleets.length > 1 ? createFleets(fleets) : fleets[0]?.engine
}

function engineOfFleet(
  fleet: NamedFleetConfig,
  engines: Map<string, ChangeEngine>,
  users: UsersView | undefined,
  clock: Clock,
  logger: Logger,
): ChangeEngine {
  const shards = Object.entries(fleet.shards).map(([name, url]) => ({ name, url: url.reveal() }))
  // A secret looks like any other: two fleets that differ in their URLs alone are told apart by what these hold.
  const key = JSON.stringify([fleet, shards])
  const known = engines.get(key)
  if (known !== undefined) return known
  const engine = createChangeEngine({
    shards,
    clock,
    logger,
    policy: changePolicyOf(fleet, users),
  })
  engines.set(key, engine)
  return engine
}

/** Two installations on one machine must not take each other for a stranger. */
async function namingHolder(thrown: unknown, listen: { host: string; port: number }): Promise<unknown> {
  if (!(thrown instanceof ConveyorError) || thrown.code !== "port-occupied") return thrown
  const { host, port } = { ...listen, ...thrown.facts }
  return new ConveyorError(thrown.code, `the edge cannot listen: ${host}:${port} is held by ${await holderOf(port)}`, {
    facts: thrown.facts,
    hint: "Give this installation an address of its own (`edge: { listen: 127.0.0.1:8081 }` in conveyor.yml), or stop who holds it.",
    cause: thrown,
  })
}
