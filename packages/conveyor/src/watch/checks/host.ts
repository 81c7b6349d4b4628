// The machine itself: load, memory, swap, disks and inodes, and when a disk will be full at the pace it fills. Made by kinds.ts.
import { readFile, statfs } from "node:fs/promises"
import { cpus, freemem, loadavg, totalmem } from "node:os"
import { describe } from "../../kernel/errors/errors.ts"
import { worst } from "./check.ts"
import type { Finding, Outcome } from "./check.ts"
import type { Forecast } from "./forecast.ts"

/** Undefined: not looked at. Parts are of 1. */
export interface HostLimits {
  /** Of the last five minutes, for each core. */
  loadPerCore?: number | undefined
  memoryFree?: number | undefined
  swapUsed?: number | undefined
  diskFree?: number | undefined
  inodesFree?: number | undefined
  /** A disk that would be full within this at its present pace, in ms. */
  fullWithinMs?: number | undefined
  disks: readonly string[]
}

type Part = { outcome: Outcome; summary: string }

export async function askHost(limits: HostLimits, forecasts: ReadonlyMap<string, Forecast>, now: number): Promise<Finding> {
  const disks = await Promise.all(limits.disks.map((path) => askDisk(path, limits, forecasts.get(path), now)))
  const parts = [load(limits), ...(await memory(limits)), ...disks.flat()].filter((each) => each !== undefined)
  const outcome = worst(["fine", ...parts.map((each) => each.outcome)])
  const told = parts.filter((each) => each.outcome === outcome).map(({ summary }) => summary)
  return { outcome, summary: outcome === "fine" ? `within all limits: ${told.join(", ")}` : told.join("; ") }
}

function load({ loadPerCore }: HostLimits): Part | undefined {
  if (loadPerCore === undefined) return undefined
  const [, fiveMinutes = 0] = loadavg()
  const perCore = fiveMinutes / cpus().length
  return part(perCore <= loadPerCore, `load ${perCore.toFixed(2)} a core`)
}

async function memory({ memoryFree, swapUsed }: HostLimits): Promise<(Part | undefined)[]> {
  const info = await readFile("/proc/meminfo", "utf8").catch(() => "")
  const kB = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(info)?.[1] ?? Number.NaN)
  // What is used for caches is free to whoever needs it.
  const available = info === "" ? freemem() / totalmem() : kB("MemAvailable") / kB("MemTotal")
  const swap = kB("SwapTotal") === 0 ? 0 : 1 - kB("SwapFree") / kB("SwapTotal")
  return [
    memoryFree === undefined
      ? undefined
      : known(available, (free) => part(free >= memoryFree, `${percent(free)} of the memory is free`), "memory"),
    swapUsed === undefined ? undefined : known(swap, (used) => part(used <= swapUsed, `${percent(used)} of the swap is used`), "swap"),
  ]
}

async function askDisk(path: string, limits: HostLimits, forecast: Forecast | undefined, now: number): Promise<(Part | undefined)[]> {
  const stats = await statfs(path).catch((thrown: unknown) => describe(thrown))
  if (typeof stats === "string") return [{ outcome: "unknown", summary: `${path} cannot be looked at: ${stats}` }]
  const free = stats.bavail / stats.blocks
  const { diskFree, inodesFree, fullWithinMs } = limits
  forecast?.add(now, stats.bavail * stats.bsize)
  const fullIn = forecast?.emptyInMs(now)
  return [
    diskFree === undefined ? undefined : part(free >= diskFree, `${percent(free)} of ${path} is free`),
    // Some file systems count no inodes.
    inodesFree === undefined || stats.files === 0
      ? undefined
      : part(stats.ffree / stats.files >= inodesFree, `${percent(stats.ffree / stats.files)} of the inodes of ${path} are free`),
    fullWithinMs === undefined || fullIn === undefined || fullIn > fullWithinMs
      ? undefined
      : part(false, `${path} will be full in ${Math.round(fullIn / 3_600_000)} hours at this pace`),
  ]
}

function known(value: number, judge: (value: number) => Part, what: string): Part {
  return Number.isNaN(value) ? { outcome: "unknown", summary: `${what} cannot be read here` } : judge(value)
}

const part = (isWithin: boolean, summary: string): Part => ({ outcome: isWithin ? "fine" : "problem", summary })

const percent = (of: number) => `${Math.round(of * 100)}%`
