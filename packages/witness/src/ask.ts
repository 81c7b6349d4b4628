// Asks one thing and puts on record what came of it. Called for each single request and for each request of a page.
import { performance } from "node:perf_hooks"
import { perform } from "./perform.ts"
import type { Failure, Performed } from "./perform.ts"
import type { Pin } from "./pin.ts"
import { requestName } from "./run.ts"
import type { Run } from "./run.ts"
import type { RequestSpec } from "./scenario.ts"
import type { Pool } from "./wire/pool.ts"

export interface Asker {
  pool: Pool
  /** When the request should have gone out, on the clock of `performance.now`: its latency counts from there. */
  dueAt: number
  /** Of the page that asks. */
  pin?: Pin
}

export async function ask(
  { dialect, timeoutMs, maxMs, tally, acknowledge }: Run,
  spec: RequestSpec,
  { pool, dueAt, pin }: Asker,
): Promise<Performed> {
  const performed = await perform(spec, { pool, dialect, timeoutMs, ...(pin?.version === undefined ? {} : { version: pin.version }) })
  const { version, rescuedFrom, idleRetried, acknowledged } = performed
  if (acknowledged !== undefined) acknowledge(acknowledged, version)

  const answered = version !== undefined || performed.failure === undefined
  const strayed = answered ? pin?.judge({ version, rescuedFrom, at: Date.now() }) : undefined
  const latencyMs = performance.now() - dueAt - sendingTakesMs(spec)
  const failure = performed.failure ?? strayed ?? tooSlow(latencyMs, maxMs)
  tally.record({
    request: requestName(spec),
    version,
    latencyMs,
    failure,
    rescued: rescuedFrom !== undefined,
    idleRetried,
    unproven: performed.unproven,
  })
  return performed
}

function tooSlow(latencyMs: number, maxMs: number): Failure | undefined {
  return latencyMs > maxMs ? { kind: "too-slow", detail: `answered after ${Math.round(latencyMs)} ms, allowed are ${maxMs}` } : undefined
}

/** A slow upload's answer is due when its last piece is. */
function sendingTakesMs({ body }: RequestSpec): number {
  return typeof body === "object" && "overMs" in body ? body.overMs : 0
}
