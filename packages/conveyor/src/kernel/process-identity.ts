// Who a process is: a pid alone is reused, a pid with its start time is not.
// Called by whoever finds a process again after its own restart (runtime, edge, the lease).
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"

export interface ProcessIdentity {
  pid: number
  /** Opaque; equal for the same process, different for a later one with the same pid. */
  startTime: string
}

/** The identity of a living process, or undefined where none has that pid (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === "linux" ? linuxStartTime(pid) : psStartTime(pid)
  return startTime === undefined ? undefined : { pid, startTime }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime
}

/** Sends a signal to exactly that process; says whether it was there to get it. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): "sent" | "gone" {
  if (!isAlive(identity)) return "gone"
  try {
    process.kill(identity.pid, signal)
    return "sent"
  } catch {
    return "gone"
  }
}

function linuxStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The command name, in parentheses, may itself hold spaces and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    const [state, startTime] = [fields[0], fields[19]]
    return state === "Z" || state === "X" ? undefined : startTime
  } catch {
    return undefined
  }
}

function psStartTime(pid: number): string | undefined {
  try {
    const [state, ...start] = execFileSync("ps", ["-o", "state=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim().split(/\s+/)
    return state === undefined || state.startsWith("Z") ? undefined : start.join(" ")
  } catch {
    return undefined
  }
}
