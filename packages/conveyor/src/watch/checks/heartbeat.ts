// What has to report by itself, such as a nightly job: silence is the problem. Made by kinds.ts; reports come in through the API.
import { fine, problem, unknown } from "./check.ts"
import type { Finding } from "./check.ts"

export interface HeartbeatTarget {
  name: string
  /** Between two reports at the most, in ms. */
  everyMs: number
  /** And so long after that it may still come. */
  graceMs: number
}

/** `lastAt`: when it reported last; `watchedSince`: since when anybody would have heard it. */
export function askHeartbeat(target: HeartbeatTarget, now: number, lastAt: number | undefined, watchedSince: number): Finding {
  const { name, everyMs, graceMs } = target
  const silentMs = now - (lastAt ?? watchedSince)
  const values = { silent_s: Math.round(silentMs / 1_000) }
  if (silentMs > everyMs + graceMs)
    return problem(`${name} has not reported ${lastAt === undefined ? "yet, since it is watched" : "in time"}`, values)
  if (lastAt === undefined) return unknown(`${name} has not reported yet, and still has time`)
  return fine(`${name} reported`, values)
}
