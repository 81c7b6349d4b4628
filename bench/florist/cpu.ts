// CPU time by program over a stretch of time: what a request costs where. Called by the bench.
import { readFileSync, readdirSync } from "node:fs"
import { cpuMsOf } from "../edge/program.ts"

export type CpuByProgram = Readonly<Record<string, number>>

/** Starts counting; the returned function gives the ms since then. PostgreSQL's is that of all its processes that live at both ends. */
export function countCpu(pids: ReadonlyMap<string, number>): () => CpuByProgram {
  const before = sample(pids)
  return () => Object.fromEntries([...sample(pids)].map(([name, ms]) => [name, ms - (before.get(name) ?? 0)]))
}

function sample(pids: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...pids].map(([name, pid]) => [name, name === "postgres" ? familyMs(pid) : (cpuMsOf(pid) ?? Number.NaN)]))
}

function familyMs(parent: number): number {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
  return [String(parent), ...children].reduce((sum, pid) => sum + msOf(Number(pid)), 0)
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
  } catch {
    // It ended in between.
    return undefined
  }
}

function msOf(pid: number): number {
  try {
    return cpuMsOf(pid) ?? 0
  } catch {
    return 0
  }
}
