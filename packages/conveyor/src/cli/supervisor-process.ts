// The supervisor as a process: started in the background, and stopped before what it would start again. Called by up and down.
import { join } from "node:path"
import { systemClock } from "../kernel/time/clock.ts"
import { seconds } from "../kernel/time/duration.ts"
import { until } from "../kernel/time/until.ts"
import { findSupervisor, forgetSupervisor } from "../server/installation/supervisor.ts"
import type { StateDirectory } from "../server/installation/state-directory.ts"
import { spawnBehind, stopped } from "./control-plane-process.ts"

const startsWithinMs = seconds(60)

/** Running when this resolves; one that runs already is left as it is. @throws TimedOutError, naming its log */
export async function startSupervisor(state: StateDirectory, configFile: string): Promise<void> {
  if ((await findSupervisor(state)) !== undefined) return
  const logFile = join(state.logs, "supervisor.log")
  spawnBehind(state, logFile, "supervise", "--config", configFile)
  await until(async () => ((await findSupervisor(state)) === undefined ? { notYet: `see ${logFile}` } : { done: true }), {
    what: "the supervisor watches over the control plane",
    everyMs: 50,
    withinMs: startsWithinMs,
    clock: systemClock,
    signal: new AbortController().signal,
  })
}

export async function stopSupervisor(state: StateDirectory): Promise<"stopped" | "was-gone"> {
  const identity = await findSupervisor(state)
  if (identity === undefined) return "was-gone"
  await stopped("the supervisor", identity)
  await forgetSupervisor(state)
  return "stopped"
}
