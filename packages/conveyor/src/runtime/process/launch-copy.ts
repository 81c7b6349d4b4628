// Starts the process of one copy, detached, so that it outlives its starter. Called by the process runtime.
import { spawn } from "node:child_process"
import { closeSync, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { revealed } from "../../kernel/secret.ts"
import type { ServiceSpec } from "../runtime.ts"
import { compileCacheOf } from "./compile-cache.ts"
import type { CopyRecord } from "./copy-files.ts"

interface Surroundings {
  /** Where copies reach the edge, and so each other. */
  edgeUrl: string | undefined
  /** Says whether the copy's version is the current one. */
  standingFile: string
}

export interface Launch extends Surroundings {
  spec: ServiceSpec
  record: CopyRecord
  pidFile: string
  logFile: string
  /** Told only while the starter lives. */
  onEnd: (reason: string) => void
}

// The shell leaves its pid and start time, then becomes the service: the record is there before the service runs.
const introduceAndBecome = `start=$(cut -d' ' -f22 /proc/$$/stat 2>/dev/null) || start=$(ps -o lstart= -p $$ | tr -s ' ')
(umask 077; printf '%s %s' "$$" "$start" > "$CONVEYOR_PID_FILE.tmp") && mv "$CONVEYOR_PID_FILE.tmp" "$CONVEYOR_PID_FILE"
unset CONVEYOR_PID_FILE
eval "$0"`

/** A plain command line takes the shell's place, so that the copy's leader is the service itself and not a shell around it. */
const asLeader = (command: string) => (/^(?!\w+=|exec\s)[\w\s./:@=,+-]+$/.test(command) ? `exec ${command}` : command)

/** @throws ConveyorError "cannot-start" where not even a shell can be started. */
export function launchCopy({ spec, record, pidFile, logFile, onEnd, ...surroundings }: Launch): void {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, "a", 0o600)
  try {
    const child = spawn("sh", ["-c", introduceAndBecome, asLeader(spec.command)], {
      cwd: spec.artifact.ref,
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...environmentOf(spec, record, surroundings), CONVEYOR_PID_FILE: pidFile },
    })
    child.once("error", (error) => onEnd(`it could not be started: ${error.message}`))
    child.once("exit", (code, signal) => onEnd(code === null ? `signal ${String(signal)}` : `exit code ${code}`))
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

/** All that a copy is told. What it is told of itself its configuration cannot change. */
export function environmentOf(
  spec: ServiceSpec,
  { id, address }: Pick<CopyRecord, "id" | "address">,
  { edgeUrl, standingFile }: Surroundings,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    ...compileCacheOf(spec.artifact.ref),
    ...revealed(spec.environment),
    HOST: address.host,
    PORT: String(address.port),
    CONVEYOR_VERSION: spec.version,
    CONVEYOR_COMMIT: spec.commit,
    CONVEYOR_RELEASE: spec.release,
    CONVEYOR_SERVICE: spec.service,
    CONVEYOR_COPY: id,
    CONVEYOR_BUILD: spec.artifact.id,
    CONVEYOR_EDGE: edgeUrl,
    CONVEYOR_STANDING: standingFile,
  }
}
