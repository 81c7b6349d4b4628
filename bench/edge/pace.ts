// What each way adds to a request when nothing is near its limit: an open loop at a fixed rate. Called by the bench.
import type { BenchContext } from "../report.ts"
import type { Front } from "./stage.ts"
import type { Kind } from "./witness.ts"
import { witness } from "./witness.ts"

export interface PaceFigures {
  kind: Kind
  front: Front["name"]
  requests: number
  p50Ms: number
  p99Ms: number
  maxMs: number
}

export const rate = 400
const seconds = 2

export async function measurePace(fronts: readonly Front[], kind: Kind, { log, signal }: BenchContext): Promise<PaceFigures[]> {
  const figures: PaceFigures[] = []
  for (const { name, url } of fronts) {
    const { total, p50Ms, p99Ms, maxMs } = (await witness({ url, traffic: kind, rate, seconds }, signal)).requests
    log(`${kind} ${name} at ${rate}/s: p50 ${p50Ms} ms, p99 ${p99Ms} ms, max ${maxMs} ms`)
    figures.push({ kind, front: name, requests: total, p50Ms, p99Ms, maxMs })
  }
  return figures
}
