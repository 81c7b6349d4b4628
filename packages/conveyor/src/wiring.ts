// The only file that names concrete adapters: process or Swarm, embedded edge or HAProxy. Makes everything that a
// control plane needs, from one state directory and one conveyor.yml.
import { mkdir, readFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, relative, sep } from "node:path"
import { createChangeEngine } from "./change/create-engine.ts"
import type { ChangeEngine } from "./change/engine.ts"
import { loadChanges } from "./change/files/load-changes.ts"
import { configFileName, loadConfig } from "./config/load-config.ts"
import type { Variables } from "./config/load-config.ts"
import type { Config } from "./config/config.ts"
import { createEmbeddedEdge } from "./edge/embedded/adapter.ts"
import { launchEdge, stopEdge } from "./edge/embedded/process/launch.ts"
import type { Clock } from "./kernel/clock.ts"
import { seconds } from "./kernel/duration.ts"
import { ConveyorError } from "./kernel/errors.ts"
import type { Logger } from "./kernel/logger.ts"
import type { Ports } from "./release/ports.ts"
import { Routing } from "./release/routing.ts"
import { UsersView } from "./release/users-view.ts"
import type { Builder } from "./runtime/builder.ts"
import { clearUnfinished, createDirectoryBuilder } from "./runtime/process/directory-builder.ts"
import { createProcessRuntime } from "./runtime/process/process-runtime.ts"
import type { StateDirectory } from "./server/state-directory.ts"
import { Store } from "./store/store.ts"
import { queryStatus } from "./watch/status-query.ts"

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
  config: Config
  edgeUrl: string
  /** Starts the edge again where it died. */
  reviveEdge: () => Promise<void>
  close: () => Promise<void>
}

export async function wire({ state, configFile, variables, clock, logger, signal }: WiringOptions): Promise<Wired> {
  await mkdir(state.root, { recursive: true })
  const config = loadConfig(await readFile(configFile, "utf8"), configFile, variables)
  const store = new Store(state.database, clock)
  const fence = store.takeLease()

  const listen = hostAndPort(config.edge.listen)
  const launch = (port: number) =>
    launchEdge({ stateDirectory: state.edge, listen: { ...listen, port }, logFile: join(state.logs, "edge.log"), clock, signal })
  const edge = await launch(listen.port)
  let address = { adminUrl: edge.adminUrl, token: edge.token }

  await clearUnfinished(state.artifacts)
  const builder = createDirectoryBuilder({ repository: state.repository, artifacts: state.artifacts })
  const engines = new Map<string, ChangeEngine>()
  const configs = new Map<string, Config>()
  const routing = new Routing(
    {
      apply: (table, until) => createEmbeddedEdge(address).apply(table, until),
      observe: (until) => createEmbeddedEdge(address).observe(until),
    },
    clock,
  )
  const users = new UsersView((until) => routing.observe(until), clock)
  const ports: Ports = {
    store,
    builder,
    runtime: createProcessRuntime({ directory: state.runtime, clock, edgeUrl: edge.url }),
    routing,
    queryStatus,
    changeEngine: (of) => engineFor(of, engines, users, clock, logger),
    loadChanges: (directory) => loadChanges(directory, inRepository(directory, state)),
    readConfig: (commit) => readConfigOnce(commit, builder, configs, variables),
    clock,
    logger,
    fence,
  }

  return {
    ports,
    config,
    edgeUrl: edge.url,
    async reviveEdge() {
      // On the port that users and copies know, where any free one was asked for.
      const running = await launch(edge.listen.port)
      address = { adminUrl: running.adminUrl, token: running.token }
    },
    async close() {
      await Promise.all([...engines.values()].map((engine) => engine.close()))
      store.close()
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

/** The folder's place in the repository, whichever copy of it is read: an artifact's, or one that a plan laid aside. */
function inRepository(directory: string, { artifacts }: StateDirectory): string {
  const roots = [artifacts, tmpdir()].map((root) => relative(root, directory)).find((path) => !path.startsWith(".."))
  return roots?.split(sep).slice(1).join(sep) ?? directory
}

/** The engine for the fleet of a config, for commands that work without a control plane. @throws ConveyorError "no-fleet" */
export function openFleet(config: Config, clock: Clock, logger: Logger): ChangeEngine {
  const engine = engineFor(config, new Map(), undefined, clock, logger)
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
  await Promise.all(
    (await runtime.list()).map(async (copy) => {
      onStop(`${copy.service} ${copy.index + 1} of ${copy.version}`)
      await runtime.stop(copy.id, { graceMs: seconds(10), signal })
    }),
  )
}

/** `users` is undefined where nobody is to be disturbed: a plan. */
function engineFor(
  config: Config,
  engines: Map<string, ChangeEngine>,
  users: UsersView | undefined,
  clock: Clock,
  logger: Logger,
): ChangeEngine | undefined {
  if (config.fleet === undefined) return undefined
  const key = JSON.stringify(config.fleet)
  const known = engines.get(key)
  if (known !== undefined) return known
  const { shards, backfill, contract } = config.fleet
  const engine = createChangeEngine({
    shards: Object.entries(shards).map(([name, url]) => ({ name, url })),
    clock,
    logger,
    policy: {
      batch: { targetMs: backfill.batch, rest: (1 - backfill.duty) / backfill.duty },
      throttle: {
        window: backfill.window,
        ...(users !== undefined && { foreground: async (_, until) => ({ p99Ms: await users.p99Ms(until), limitMs: backfill.latency }) }),
      },
      contract: {
        observeMs: contract.observe,
        softDropMs: contract.soft_drop,
        ...(users !== undefined && { watch: (until) => users.complaints(until) }),
      },
    },
  })
  engines.set(key, engine)
  return engine
}

function hostAndPort(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(":")
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}
