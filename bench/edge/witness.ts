// The witness as a process of its own, so that nothing of the bench disturbs its clock. Called by the measurements.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { WitnessResult } from "../../packages/witness/src/result.ts"
import { startNode } from "./program.ts"

export type Kind = "get" | "post"

export interface Watch {
  url: string
  traffic: Kind | "both"
  rate: number
  seconds: number
}

const main = join(import.meta.dirname, "../../packages/witness/src/main.ts")

export const trafficFile = (traffic: Watch["traffic"]) => join(import.meta.dirname, "traffic", `${traffic}.ts`)

/** @throws ConveyorError "requests-failed" where even one did: figures of a proxy that loses requests mean nothing. */
export async function witness({ url, traffic, rate, seconds }: Watch, signal: AbortSignal): Promise<WitnessResult> {
  const out = await mkdtemp(join(tmpdir(), "conveyor-bench-"))
  const options = { target: url, scenario: trafficFile(traffic), rate, seconds, out, timeout: 5 }
  const argv = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const program = startNode([main, "--json", ...argv], signal)
  try {
    const result = JSON.parse(await program.output) as WitnessResult
    const { failed, total } = result.requests
    if (failed === 0) return result
    throw new Error(`${url}, ${traffic}: ${failed} of ${total} requests failed: ${result.failures[0]?.detail ?? ""}`)
  } finally {
    await program.stop()
    await rm(out, { recursive: true })
  }
}
