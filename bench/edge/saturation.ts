// How many requests a second each way takes at the most, and the CPU time that its proxy spends on one. The ways take
// turns, so that a machine that slows down slows all of them. Called by the bench.
import { join } from "node:path"
import type { BenchContext } from "../report.ts"
import { cpuMsOf, startNode } from "./program.ts"
import type { Saturation } from "./saturate.ts"
import type { Front } from "./stage.ts"
import type { Kind } from "./witness.ts"
import { trafficFile } from "./witness.ts"

export interface SaturationFigures {
  kind: Kind
  front: Front["name"]
  rounds: readonly Round[]
}

export interface Round {
  perSecond: number
  /** Of the proxy; undefined where there is none, or the system does not tell. */
  cpuUs: number | undefined
}

export const connections = 64
const [rounds, roundMs, warmUpMs] = [3, 600, 800]

export async function measureSaturation(fronts: readonly Front[], kind: Kind, context: BenchContext): Promise<SaturationFigures[]> {
  const seen = fronts.map((front) => ({ front, rounds: [] as Round[] }))
  for (let round = 1; round <= rounds; round++) {
    for (const { front, rounds: own } of seen) own.push(await saturate(front, kind, context))
  }
  return seen.map(({ front, rounds: own }) => ({ kind, front: front.name, rounds: own }))
}

/** Until the code of copy and proxy has been compiled, its figures are those of a start. */
export async function warmUp(fronts: readonly Front[], { signal }: BenchContext): Promise<void> {
  const proxies = fronts.filter(({ name }) => name !== "direct")
  for (const kind of ["get", "post"] as const) for (const { url } of proxies) await load(url, kind, warmUpMs, signal)
}

async function saturate(front: Front, kind: Kind, { log, signal }: BenchContext): Promise<Round> {
  const cpu = () => (front.pid === undefined ? undefined : cpuMsOf(front.pid))
  const before = cpu()
  const { answers, counted, countedMs } = await load(front.url, kind, roundMs, signal)
  const after = cpu()
  const perSecond = (counted / countedMs) * 1_000
  const cpuUs = before === undefined || after === undefined ? undefined : ((after - before) / answers) * 1_000
  log(`${kind} ${front.name}: ${Math.round(perSecond)} requests/s${cpuUs === undefined ? "" : `, ${cpuUs.toFixed(1)} us of CPU each`}`)
  return { perSecond, cpuUs }
}

async function load(url: string, kind: Kind, ms: number, signal: AbortSignal): Promise<Saturation> {
  const argv = [join(import.meta.dirname, "saturate.ts"), url, trafficFile(kind), `${connections}`, `${ms}`]
  return JSON.parse(await startNode(argv, signal).output) as Saturation
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2
}
