// The port to whatever runs copies: processes of this machine, tasks of a Swarm. The release layer says what it wants
// (a service at a version, so many copies); the runtime makes it true, keeps it true, and says what it sees.
// The truth is where the copies are: what is seen is asked of the machine, never of a memory of what was once started.
import type { ArtifactRef } from "../kernel/artifact.ts"
import type { HealthCheck } from "../kernel/health-check.ts"
import type { Environment } from "../kernel/secret.ts"

/**
 * What a service is started from at a version. It is kept with what is wanted, readable by nobody else, from the first
 * time on: a copy that is started later, by whomever, is started from the same.
 */
export interface ServiceSpec {
  service: string
  /** "v42" */
  version: string
  commit: string
  /** Unique id of the release that wants it first; each copy must repeat it in its status. */
  release: string
  artifact: ArtifactRef
  /** The command line, run by `sh -c` in the artifact. The copy listens on $PORT. */
  command: string
  /** Complete: a copy inherits nothing from its starter but PATH and HOME. */
  environment: Environment
  copies: number
  /** "worker": it answers no requests. */
  role: "server" | "worker"
  /** "stop": it rests while its version is not the current one. */
  whenNotCurrent: "stop" | "keep"
  /** How a copy is told its version's standing, besides the file that it can look at. */
  toldBy?: { signal: "SIGUSR1" | "SIGUSR2" | "SIGHUP" } | { path: string } | undefined
  /** How a copy is asked how it is. */
  health: HealthCheck
  /** How long a copy may take until it is well for the first time. */
  startWithinMs: number
  /** From SIGTERM to SIGKILL. */
  stopGraceMs: number
}

/** What is wanted, as far as anybody but the runtime may know it. */
export interface WantedService extends Omit<ServiceSpec, "environment" | "command"> {
  work: Work
}

/** "resting": it is wanted, and has no copies until it is woken. */
export type Work = "working" | "resting"

/** What a runtime keeps of what is wanted. */
export interface KeptService extends ServiceSpec {
  work: Work
}

export const restsOf = ({ role, whenNotCurrent }: Pick<ServiceSpec, "role" | "whenNotCurrent">): boolean =>
  role === "worker" && whenNotCurrent === "stop"

export function withoutSecrets(spec: KeptService): WantedService {
  const { environment: _, command: __, ...wanted } = spec
  return wanted
}

/**
 * "starting": it was begun and has not come up yet. "exited": it has ended; where it is wanted, another is started at
 * `restartAt`. "crash-loop": the same, after so many ends in a row that a person should look. "unknown": it could not be
 * asked; it may run.
 */
export type CopyState = "starting" | "running" | "exited" | "crash-loop" | "unknown"

/** "given-up": it ran and was not well, and so was made to end. */
export interface CopyEnd {
  reason: string
  at: number
  how: "by-itself" | "given-up"
}

export interface Copy {
  /** Unique among all copies of the runtime, for good. */
  id: string
  service: string
  version: string
  release: string
  /** 0-based among the copies of one service at one version. */
  index: number
  /** The artifact's id. */
  artifact: string
  /** The machine that it runs on. */
  node: string
  address: { host: string; port: number }
  state: CopyState
  /** Milliseconds since the Unix epoch. */
  startedAt: number
  /** How often in a row its place was filled again after a copy that ended soon. */
  restarts: number
  /** Of one that has ended: why, as far as it is known, and when that was seen. */
  end?: CopyEnd
  restartAt?: number
  /** The end of the copy whose place it took. */
  before?: CopyEnd | undefined
}

export interface RuntimeObservation {
  /** Every copy that is known, ended ones included until they are replaced or their version is no longer wanted. */
  copies: readonly Copy[]
  wanted: readonly WantedService[]
}

/** What a round of the runtime did, or saw for the first time. */
export interface RuntimeEvent {
  event: "started" | "restarted" | "crash-loop" | "stopped-surplus"
  copy: Copy
  /** Of "restarted" and "crash-loop": why the copy before it, or it, has ended. */
  reason?: string
}

/** "current": new pages and everything that names no version go to it. */
export type Standing = "current" | "not-current"

export type StopOutcome = "stopped" | "killed" | "was-gone"

export interface LogLine {
  text: string
  /** Where the next line begins: what to ask for with `since`. */
  next: string
}

export interface LogOptions {
  /** A line's `next`; undefined begins with the newest `last` lines, or with the first that is kept. */
  since?: string
  last?: number
  /** "follow" goes on until the copy has ended or the signal is aborted. */
  follow: "follow" | "end"
  signal: AbortSignal
}

export interface OutputChunk {
  stream: "out" | "err"
  text: string
}

export interface ExecOptions {
  /** A command line, run by `sh` where copies run, with all that they are started with. */
  command: string
  /** Waited for before more is read; where it throws the command is ended. */
  onOutput: (chunk: OutputChunk) => unknown
  signal: AbortSignal
}

export interface Runtime {
  /** Kinds of artifacts that it can start. */
  readonly starts: readonly string[]
  observe(signal: AbortSignal): Promise<RuntimeObservation>
  /**
   * From now on these are wanted, too. Resolves with their copies when each has been begun; does not wait for them to be
   * well. Wanting again what is wanted changes the number of copies, how they are asked and their grace, and nothing else.
   * @throws ConveyorError "artifact-kind" where it cannot start such an artifact.
   */
  want(specs: readonly ServiceSpec[], signal: AbortSignal): Promise<Copy[]>
  /** Nothing of the version is wanted any more: SIGTERM to each copy, SIGKILL after its grace. Resolves when they are gone, and forgotten. */
  unwant(version: string, signal: AbortSignal): Promise<StopOutcome[]>
  /**
   * The version's workers that stop when it is not current are ended, and not filled again before they are woken; wanting them
   * again does not wake them. Resolves when they are gone.
   */
  rest(version: string, signal: AbortSignal): Promise<StopOutcome[]>
  /** The version's workers that rest are filled again by the next round. */
  wake(version: string, signal: AbortSignal): Promise<void>
  /** The version's copies, later ones too, can know from now on how it stands; they are told once, however often this is called. */
  tell(version: string, standing: Standing, signal: AbortSignal): Promise<void>
  /** Ends one copy and forgets it; where its place is still wanted the next round fills it again. */
  stop(id: string, options: { graceMs: number; signal: AbortSignal }): Promise<StopOutcome>
  /** Ends one copy because it is not well; it is seen as ended for that reason, and its place is filled as after any other end. */
  giveUp(id: string, options: { reason: string; graceMs: number; signal: AbortSignal }): Promise<StopOutcome>
  /**
   * One round: what is wanted and not there is started, with growing pauses where it ends again and again. Called about
   * once a second; costs what is wanted, not what ever was.
   */
  reconcile(signal: AbortSignal): Promise<RuntimeEvent[]>
  /**
   * Whether it is the copy itself that answers at its address: where its port went to somebody else before it listened,
   * that one may say that it is well. "unknown" where the machine does not tell.
   */
  holdsAddress(id: string, signal: AbortSignal): Promise<"yes" | "no" | "unknown">
  /** Also of a copy that is gone, as long as its output is kept. Nothing for one that never was. */
  logs(id: string, options: LogOptions): AsyncIterable<LogLine>
  /** As that copy. Gives the command's exit code. @throws ConveyorError "no-such-copy" where it does not run. */
  exec(id: string, options: ExecOptions): Promise<number>
  /**
   * In a process of its own, as what the service is started from at its version: as it is kept, or as the spec says where it is not
   * wanted. Gives the command's exit code. @throws ConveyorError "artifact-kind", "cannot-start"
   */
  run(spec: ServiceSpec, options: ExecOptions): Promise<number>
}
