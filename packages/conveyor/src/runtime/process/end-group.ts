// Ends a process group: asked first, then made to. Called by the process runtime.
import type { Clock } from "../../kernel/time/clock.ts"
import { seconds } from "../../kernel/time/duration.ts"
import { TimedOutError } from "../../kernel/errors/errors.ts"
import { isGroupAlive, signalGroup } from "../../kernel/process/process-identity.ts"
import { until } from "../../kernel/time/until.ts"
import type { StopOutcome } from "../runtime.ts"

const diesWithinMs = seconds(10)

export interface EndGroupOptions {
  what: string
  graceMs: number
  clock: Clock
  signal: AbortSignal
}

/** @throws TimedOutError where not even SIGKILL has ended it. */
export async function endGroup(leader: number, { what, graceMs, clock, signal }: EndGroupOptions): Promise<StopOutcome> {
  if (!isGroupAlive(leader)) return "was-gone"
  const gone = () => (isGroupAlive(leader) ? { notYet: `process group ${leader} still runs` } : { done: true })
  const wait = (withinMs: number) => until(gone, { what: `the end of ${what}`, everyMs: 50, withinMs, clock, signal })

  signalGroup(leader, "SIGTERM")
  const outcome = await wait(graceMs).then(
    () => "stopped" as const,
    (thrown: unknown) => {
      if (!(thrown instanceof TimedOutError)) throw thrown
      return "killed" as const
    },
  )
  if (outcome === "killed") signalGroup(leader, "SIGKILL")
  await wait(diesWithinMs)
  return outcome
}
