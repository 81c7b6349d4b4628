// The port to whatever runs copies: processes on this machine, tasks of a Swarm. Called by the release steps.
// The truth is where the copies are: `list` asks the machine, never a memory of what was once started.
import type { ArtifactRef } from "../kernel/artifact.ts"

/** What a copy is started from. `environment` is complete: a copy inherits nothing from its starter but PATH and HOME. */
export interface CopySpec {
  service: string
  /** "v42" */
  version: string
  commit: string
  /** Unique id of the release that starts the copy; the copy must repeat it in its status. */
  release: string
  /** 0-based among the copies of one service at one version. */
  index: number
  artifact: ArtifactRef
  /** The command line, run by `sh -c` in the artifact's directory. The copy listens on $PORT. */
  command: string
  environment: Readonly<Record<string, string>>
}

export type CopyState = "running" | "exited"

export interface Copy {
  /** Unique among all copies of the runtime, for good. */
  id: string
  service: string
  version: string
  release: string
  index: number
  artifact: string
  address: { host: string; port: number }
  state: CopyState
  /** Milliseconds since the Unix epoch. */
  startedAt: number
  /** Where the copy's output can be read. */
  logFile: string
}

export type StopOutcome = "stopped" | "killed" | "was-gone"

export interface Runtime {
  /** Every copy that this runtime knows, dead ones included until they are forgotten. */
  list(): Promise<Copy[]>
  /** Starts one copy; does not wait for it to be healthy. Starting the same service, version and index again gives the living copy. */
  start(spec: CopySpec, signal: AbortSignal): Promise<Copy>
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when the process is gone. Forgets the copy. */
  stop(id: string, options: { graceMs: number; signal: AbortSignal }): Promise<StopOutcome>
}
