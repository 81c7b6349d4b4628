// Everything that a run touches, gathered: made once by wiring/, passed to every step.
import type { Change } from "../change/change.ts"
import type { ChangeEngine, ShardStatus } from "../change/engine.ts"
import type { Config } from "../config/config.ts"
import type { Clock } from "../kernel/time/clock.ts"
import type { Logger } from "../kernel/logger.ts"
import type { Builder } from "../runtime/builder.ts"
import type { Runtime } from "../runtime/runtime.ts"
import type { Journal } from "../store/journal.ts"
import type { Queue } from "../store/queue.ts"
import type { Versions } from "../store/versions.ts"
import type { QueryPath } from "../watch/path-query.ts"
import type { QueryHealth } from "../watch/health-query.ts"
import type { EdgeMetering, EdgePages, EdgeTls } from "../edge/edge.ts"
import type { Health } from "./copies/health.ts"
import type { Environments } from "./environments.ts"
import type { Routing } from "./routing/routing.ts"
import type { UsersView } from "./routing/users-view.ts"

export interface Ports {
  journal: Journal
  versions: Versions
  queue: Queue
  builder: Builder
  runtime: Runtime
  routing: Routing
  metering: EdgeMetering
  pages: EdgePages
  tls: EdgeTls
  /** What users get, from the same counters. */
  users: UsersView
  queryHealth: QueryHealth
  queryPath: QueryPath
  /** When copies last said that they were well. */
  health: Health
  /** The engine for a config's fleet; undefined where the config has none. The same fleet gives the same engine. */
  changeEngine: (config: Config) => ChangeEngine | undefined
  /** The change files directly in a folder, as the commit has them. @throws ConveyorError "bad-change" */
  loadChanges: (commit: string, folder: string) => Promise<readonly Change[]>
  /** conveyor.yml of a commit. @throws BadFileError */
  readConfig: (commit: string) => Promise<Config>
  /** Of the machine that copies are started on. */
  cores: number
  environments: Environments
  clock: Clock
  logger: Logger
  /** The fencing token of this control plane. */
  fence: number
}

/** What a step says while it works; shown as it is. */
export interface Progress {
  message: string
  /** By change and shard, where a step works on the fleet. */
  shards?: readonly (ShardStatus & { change: string })[]
}
