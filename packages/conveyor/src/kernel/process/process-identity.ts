// Who a process is: a pid alone is reused, a pid with its start time is not.
// Called by whoever finds a process again after its own restart (runtime, edge, the lease).
import { execFileSync } from "node:child_process"
import { readFileSync, readdirSync } from "node:fs"

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

/** Signals every process of a group; a group that is gone needs no signal. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal)
  } catch {
    // Nobody is left in it.
  }
}

/** Whether any process of the group still runs, its leader or not. */
export function isGroupAlive(leader: number): boolean {
  try {
    process.kill(-leader, 0)
  } catch {
    return false
  }
  // A zombie still takes signals; where nobody reaps, only the process table tells.
  if (process.platform !== "linux") return true
  return readdirSync("/proc").some((name) => /^\d+$/.test(name) && linuxStat(Number(name))?.group === leader)
}

function linuxStartTime(pid: number): string | undefined {
  return linuxStat(pid)?.startTime
}

function linuxStat(pid: number): { group: number; startTime: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The command name, in parentheses, may itself hold spaces and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    const [state, group, startTime] = [fields[0], fields[2], fields[19]]
    if (startTime === undefined || state === "Z" || state === "X") return undefined
    return { group: Number(group), startTime }
  } catch {
    return undefined
  }
}

function psStartTime(pid: number): string | undefined {
  try {
    const [state, ...start] = execFileSync("ps", ["-o", "state=,lstart=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .split(/\s+/)
    return state === undefined || state.startsWith("Z") ? undefined : start.join(" ")
  } catch {
    return undefined
  }
}
