// One safe request of the conveyor's own to one copy, as a user would send it. Called by the step bake, where users are too
// few to tell how a version is.
import type { Clock } from "../kernel/time/clock.ts"

export interface PathQuestion {
  address: { host: string; port: number }
  path: string
  clock: Clock
  signal: AbortSignal
}

export interface PathAnswer {
  /** Undefined where there was no answer. */
  status: number | undefined
  ms: number
}

export type QueryPath = (question: PathQuestion) => Promise<PathAnswer>

const answersWithinMs = 5_000

/** No answer is an answer here. @throws only the signal's reason. */
export const queryPath: QueryPath = async ({ address, path, clock, signal }) => {
  const startedAt = clock.now()
  const answered = await fetch(`http://${address.host}:${address.port}${path}`, {
    headers: { connection: "close", "x-conveyor-shadow": "1" },
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(answersWithinMs)]),
  }).catch(() => undefined)
  signal.throwIfAborted()
  await answered?.body?.cancel().catch(() => {})
  return { status: answered?.status, ms: clock.now() - startedAt }
}
