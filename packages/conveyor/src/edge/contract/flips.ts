// Open-loop traffic across many generations, each with a copy of its own that takes over from the one before. The
// order in which the old copy ends is what is tried: after its last request, or (the control) while it still has some.
import { Agent } from "node:http"
import { systemClock } from "../../kernel/time/clock.ts"
import { describe } from "../../kernel/errors/errors.ts"
import { until } from "../../kernel/time/until.ts"
import { ask, delay } from "./client.ts"
import { startCopy } from "./copies.ts"
import type { DescribedEdge } from "./described-edge.ts"
import { tableOf } from "./tables.ts"

export interface FlipResult {
  requests: number
  versionsSeen: number
  failures: string[]
}

export interface FlipOptions {
  flips: number
  /** At the least; the traffic goes on until the last flip is done. */
  requests: number
  endOldCopy: "when-nothing-is-in-flight" | "before-the-flip"
}

const never = new AbortController().signal
const everyMs = 2

export async function trafficAcrossFlips(
  edge: DescribedEdge,
  url: string,
  { flips, requests, endOldCopy }: FlipOptions,
): Promise<FlipResult> {
  let old = await startCopy("v1")
  await edge.apply(tableOf({ generation: 1, current: "v1", copies: [old] }), never)
  const flipping = new AbortController()
  const traffic = openLoop(url, requests, flipping.signal)
  for (let generation = 2; generation <= flips + 1; generation++) {
    await delay((requests * everyMs) / (flips + 1))
    const next = await startCopy(`v${generation}`)
    if (endOldCopy === "before-the-flip") old.kill()
    await edge.apply(tableOf({ generation, current: next.version, copies: [next] }), never)
    const gone = old.version
    await until(
      async () => (((await edge.observe(never)).versions[gone]?.inFlight ?? 0) === 0 ? { done: true } : { notYet: "still in flight" }),
      {
        what: `the last request of ${gone}`,
        everyMs: 5,
        withinMs: 10_000,
        clock: systemClock,
        signal: never,
      },
    )
    old.kill()
    old = next
  }
  flipping.abort()
  const result = await traffic
  old.kill()
  return result
}

/** Sends one request each 2 ms, whatever became of those before, and some more after the last flip. */
async function openLoop(url: string, requests: number, flippingDone: AbortSignal): Promise<FlipResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const failures: string[] = []
  const versions = new Set<string>()
  const one = async (n: number) => {
    try {
      const { status, headers, text } = await ask(url + pathOf(n), {
        agent,
        ...(n % 3 === 0 ? { method: "POST", body: `payment ${n}` } : {}),
      })
      const version = String(headers["x-conveyor-version"])
      versions.add(version)
      if (status !== 200) failures.push(`status ${status}: ${text}`)
      else if (!text.startsWith(`${version} `)) failures.push(`${version} was named, but the answer is "${text}"`)
      else if (n % 3 === 0 && !text.endsWith(`payment ${n}`)) failures.push(`the body is lost: ${text}`)
    } catch (thrown) {
      failures.push(describe(thrown))
    }
  }
  const underWay: Promise<void>[] = []
  const startedAt = Date.now()
  for (let n = 0; n < requests || !flippingDone.aborted; n++) {
    const early = startedAt + n * everyMs - Date.now()
    if (early > 0) await delay(early)
    underWay.push(one(n))
  }
  for (let n = 0; n < 50; n++) underWay.push(one(n))
  await Promise.all(underWay)
  agent.destroy()
  return { requests: underWay.length, versionsSeen: versions.size, failures }
}

const pathOf = (n: number) => (n % 3 === 1 ? `/slow?ms=${n % 40}` : `/r/${n}`)
