// Every process of this machine, as /proc shows it: who began whom, and with which marker in its environment. Called by
// cages, which look for what is left of a command or a copy.
import { readFileSync, readdirSync } from "node:fs"

export interface ProcessEntry {
  pid: number
  parent: number
  session: number
}

/** Living processes; a zombie works no more and counts as none. Empty where there is no /proc. */
export function processTable(): ProcessEntry[] {
  return pids()
    .map(entryOf)
    .filter((entry) => entry !== undefined)
}

/**
 * The value that a process was started with for a variable, or undefined: it has none, it is gone, or it belongs to
 * somebody whose processes may not be looked into.
 */
export function variableOf(pid: number, name: string): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0")
    return variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1)
  } catch {
    return undefined
  }
}

function pids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function entryOf(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    // The command name, in parentheses, may itself hold spaces and parentheses: count from the last one.
    const [state, parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return state === "Z" || state === "X" ? undefined : { pid, parent: Number(parent), session: Number(session) }
  } catch {
    return undefined
  }
}
