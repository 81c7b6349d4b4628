// What all parts of one run share. Made by `runWitness`, handed to arrivals, pages and streams.
import { setTimeout as delay } from "node:timers/promises"
import type { Chance } from "./chance.ts"
import type { Acknowledgement, Dialect } from "./scenario.ts"
import type { Tally } from "./tally.ts"

export interface Run {
  target: URL
  dialect: Dialect
  chance: Chance
  timeoutMs: number
  /** A good answer that takes longer counts as too slow. */
  maxMs: number
  tally: Tally
  /** Aborts when no new request may begin. */
  ending: AbortSignal
  acknowledge: (write: Acknowledgement, version: string | undefined) => void
}

/** Sleeps until the time is over or the signal aborts; which of them, the caller sees from the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(Math.max(0, ms), undefined, { signal })
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  }
}

/** "GET /api/v1/payments": without the query, so that like requests read alike. */
export const requestName = ({ method, path }: { method: string; path: string }): string => `${method} ${path.split("?", 1)[0]}`
