// One stretch of the shops' traffic through the edge: the witness as a process of its own, and what it saw. Called by the bench.
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { WitnessResult } from "../../packages/witness/src/result.ts"
import { startNode } from "../edge/program.ts"
import type { CpuByProgram } from "./cpu.ts"
import { countCpu } from "./cpu.ts"
import type { Stage } from "./stage.ts"

export interface Load {
  /** Requests a second, by schedule. */
  rate: number
  seconds: number
  /** One service alone, and its reads. */
  only?: string
}

export interface LoadFigures extends Load {
  requests: number
  failed: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  maxMs: number
  /** CPU ms of each program for 1,000 requests. */
  cpuPerThousand: CpuByProgram
  firstFailure?: string
}

const main = join(import.meta.dirname, "../../packages/witness/src/main.ts")
const traffic = join(import.meta.dirname, "traffic.ts")
let seeds = 0

export async function load(stage: Stage, { rate, seconds, only }: Load, signal: AbortSignal): Promise<LoadFigures> {
  const out = await mkdtemp(join(tmpdir(), "conveyor-bench-"))
  // No two stretches may make the same ids.
  const options = { target: stage.url, scenario: traffic, rate, seconds, out, timeout: 10, seed: ++seeds }
  const argv = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  process.env.FLORIST_SHOPS = String(stage.shops)
  if (only === undefined) delete process.env.FLORIST_ONLY
  else process.env.FLORIST_ONLY = only
  const cpu = countCpu(stage.pids)
  const program = startNode([main, "--json", ...argv], signal)
  try {
    // The witness ends with 1 where a request failed; how many is one of the figures.
    await program.output.catch(() => {})
    const result = JSON.parse(await readFile(join(out, "result.json"), "utf8")) as WitnessResult
    const spent = cpu()
    const { total, failed, p50Ms, p99Ms, maxMs } = result.requests
    const [first] = result.failures
    return {
      rate,
      seconds,
      ...(only === undefined ? {} : { only }),
      requests: total,
      failed,
      perSecond: total / seconds,
      p50Ms,
      p99Ms,
      maxMs,
      cpuPerThousand: Object.fromEntries(Object.entries(spent).map(([name, ms]) => [name, (ms * 1_000) / total])),
      ...(first === undefined ? {} : { firstFailure: `${first.request}: ${first.detail}` }),
    }
  } finally {
    await program.stop()
    await rm(out, { recursive: true, force: true })
  }
}
