// Copies as processes of this machine: detached, each on a port of its own, found again after a restart of whoever
// started them. Made by wiring.ts.
import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdirSync, openSync, closeSync } from "node:fs"
import { join } from "node:path"
import type { Clock } from "../../kernel/clock.ts"
import { seconds } from "../../kernel/duration.ts"
import { ConveyorError, TimedOutError } from "../../kernel/errors.ts"
import { freePort } from "../../kernel/free-port.ts"
import { isGroupAlive, signalGroup } from "../../kernel/process-identity.ts"
import { until } from "../../kernel/until.ts"
import type { Copy, CopySpec, Runtime, StopOutcome } from "../runtime.ts"
import { CopyFiles } from "./copy-files.ts"
import type { CopyRecord } from "./copy-files.ts"

export interface ProcessRuntimeOptions {
  /** Where records and logs of copies are kept. */
  directory: string
  clock: Clock
  /** Where copies reach the edge, and so each other; not needed by whoever only lists and stops them. */
  edgeUrl?: string
}

const comesUpWithinMs = seconds(10)
const diesWithinMs = seconds(10)

// The shell leaves its pid and start time, then becomes the service: the record is there before the service runs.
const introduceAndBecome = `start=$(cut -d' ' -f22 /proc/$$/stat 2>/dev/null) || start=$(ps -o lstart= -p $$ | tr -s ' ')
printf '%s %s' "$$" "$start" > "$CONVEYOR_PID_FILE.tmp" && mv "$CONVEYOR_PID_FILE.tmp" "$CONVEYOR_PID_FILE"
unset CONVEYOR_PID_FILE
eval "$0"`

/** A plain command line takes the shell's place, so that the copy's leader is the service itself and not a shell around it. */
const asLeader = (command: string) => (/^(?!\w+=)[\w\s./:@=,+-]+$/.test(command) ? `exec ${command}` : command)

export function createProcessRuntime({ directory, clock, edgeUrl }: ProcessRuntimeOptions): Runtime {
  const files = new CopyFiles(join(directory, "copies"))
  const logs = join(directory, "logs")

  const observe = async (record: CopyRecord): Promise<Copy> => ({
    ...record,
    state: (await files.process(record.id)) === undefined ? "exited" : "running",
  })

  return {
    async list() {
      return Promise.all((await files.all()).map(observe))
    },

    async start(spec, signal) {
      const twin = (await this.list()).find((copy) => copy.state === "running" && isSamePlace(copy, spec))
      if (twin !== undefined) return twin

      const record = recordOf(spec, await freePort(), logs, clock.now())
      await files.write(record)
      launch(spec, record, files.pidFile(record.id), edgeUrl)
      await until(async () => ((await files.process(record.id)) === undefined ? { notYet: "no process" } : { done: true }), {
        what: `the process of ${record.id}`,
        everyMs: 10,
        withinMs: comesUpWithinMs,
        clock,
        signal,
      }).catch((thrown: unknown) => {
        // A command that ends at once may be gone before it was seen; its log says why.
        if (!(thrown instanceof TimedOutError)) throw thrown
      })
      return observe(record)
    },

    async stop(id, { graceMs, signal }): Promise<StopOutcome> {
      const process = await files.process(id)
      if (process === undefined) {
        await files.forget(id)
        return "was-gone"
      }
      const gone = () => (isGroupAlive(process.pid) ? { notYet: `process group ${process.pid} still runs` } : { done: true })
      const wait = (withinMs: number) => until(gone, { what: `the end of ${id}`, everyMs: 50, withinMs, clock, signal })

      signalGroup(process.pid, "SIGTERM")
      const outcome = await wait(graceMs).then(
        () => "stopped" as const,
        (thrown: unknown) => {
          if (!(thrown instanceof TimedOutError)) throw thrown
          return "killed" as const
        },
      )
      if (outcome === "killed") signalGroup(process.pid, "SIGKILL")
      await wait(diesWithinMs)
      await files.forget(id)
      return outcome
    },
  }
}

const isSamePlace = (copy: Copy, spec: CopySpec) =>
  copy.service === spec.service && copy.version === spec.version && copy.index === spec.index && copy.artifact === spec.artifact.id

function recordOf(spec: CopySpec, port: number, logs: string, startedAt: number): CopyRecord {
  const id = `${spec.version}-${spec.service}-${spec.index}-${randomUUID().slice(0, 8)}`
  return {
    id,
    service: spec.service,
    version: spec.version,
    release: spec.release,
    index: spec.index,
    artifact: spec.artifact.id,
    address: { host: "127.0.0.1", port },
    startedAt,
    logFile: join(logs, `${id}.log`),
  }
}

function launch(spec: CopySpec, record: CopyRecord, pidFile: string, edgeUrl: string | undefined): void {
  mkdirSync(join(record.logFile, ".."), { recursive: true })
  const log = openSync(record.logFile, "a")
  try {
    const child = spawn("sh", ["-c", introduceAndBecome, asLeader(spec.command)], {
      cwd: spec.artifact.ref,
      detached: true,
      stdio: ["ignore", log, log],
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        ...spec.environment,
        HOST: record.address.host,
        PORT: String(record.address.port),
        CONVEYOR_VERSION: spec.version,
        CONVEYOR_COMMIT: spec.commit,
        CONVEYOR_RELEASE: spec.release,
        CONVEYOR_SERVICE: spec.service,
        CONVEYOR_COPY: record.id,
        CONVEYOR_BUILD: spec.artifact.id,
        CONVEYOR_EDGE: edgeUrl,
        CONVEYOR_PID_FILE: pidFile,
      },
    })
    child.on("error", () => {})
    if (child.pid === undefined) {
      throw new ConveyorError("cannot-start", `could not start a shell for ${record.id} in ${spec.artifact.ref}`, {
        facts: { copy: record.id, artifact: spec.artifact },
      })
    }
    child.unref()
  } finally {
    closeSync(log)
  }
}
