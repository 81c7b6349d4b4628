// What a process costs: its resident memory, and its share of a core over a time. Linux's /proc. Called by report.ts.
import { readFile } from "node:fs/promises"
import { setTimeout as sleep } from "node:timers/promises"

const ticksPerSecond = 100

export interface Cost {
  rssMb: number
  /** Of one core. */
  cpuPercent: number
}

export async function costOf(pid: number, overMs: number, signal: AbortSignal): Promise<Cost> {
  const before = await cpuTicks(pid)
  const beganAt = performance.now()
  await sleep(overMs, undefined, { signal })
  const seconds = (performance.now() - beganAt) / 1_000
  const status = await readFile(`/proc/${pid}/status`, "utf8")
  const rssKb = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN)
  return { rssMb: rssKb / 1_024, cpuPercent: (((await cpuTicks(pid)) - before) / ticksPerSecond / seconds) * 100 }
}

async function cpuTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return Number(fields[11]) + Number(fields[12])
}
