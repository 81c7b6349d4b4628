// This installation's own edge: how it is launched, renewed, and where it listens. Called by wiring.ts, `conveyor up --restart`
// and looks.ts.
import { join } from "node:path"
import type { Config } from "../config/config.ts"
import { readEdgeAddress } from "../edge/embedded/process/address-file.ts"
import type { EdgeAddress } from "../edge/embedded/process/address-file.ts"
import { renewEdge } from "../edge/embedded/process/launch.ts"
import type { EdgeLaunch } from "../edge/embedded/process/launch.ts"
import type { Clock } from "../kernel/time/clock.ts"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { isAlive } from "../kernel/process/process-identity.ts"
import type { StateDirectory } from "../server/installation/state-directory.ts"
import { edgeSettingsOf } from "./policies.ts"

export function edgeLaunchOf({ edge }: Config, state: StateDirectory, clock: Clock, signal: AbortSignal): EdgeLaunch {
  return {
    stateDirectory: state.edge,
    listen: hostAndPort(edge.listen),
    ...(edge.tls === undefined ? {} : { secure: hostAndPort(edge.tls.listen) }),
    logFile: join(state.logs, "edge.log"),
    settings: edgeSettingsOf(edge),
    clock,
    signal,
  }
}

/** Guard and worker by the programs and settings of now, without a request lost; one that does not run is left to whoever starts it. */
export async function renewOwnEdge(state: StateDirectory, config: Config, clock: Clock): Promise<void> {
  if ((await runningEdge(state)) === undefined) return
  await renewEdge(edgeLaunchOf(config, state, clock, new AbortController().signal))
}

/** An edge keeps its address as long as it runs. @throws ConveyorError "edge-elsewhere" where the file names another */
export async function assertEdgeStays(state: StateDirectory, { edge }: Config): Promise<void> {
  const running = await runningEdge(state)
  if (running === undefined) return
  const wanted = hostAndPort(edge.listen)
  if (running.asked.host === wanted.host && (wanted.port === 0 || wanted.port === running.listen.port)) return
  const now = `${running.asked.host}:${running.listen.port}`
  throw new ConveyorError("edge-elsewhere", `the edge runs on ${now}, and edge.listen says ${edge.listen}: nothing was stopped`, {
    facts: { runs: now, wanted: edge.listen },
    hint: `Users would lose it: keep ${now}, or conveyor down and conveyor up in a quiet hour.`,
  })
}

export async function runningEdge({ edge }: StateDirectory): Promise<EdgeAddress | undefined> {
  const running = await readEdgeAddress(edge)
  const isThere = running !== undefined && [running.identity, running.guard].some((each) => each !== undefined && isAlive(each))
  return isThere ? running : undefined
}

function hostAndPort(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(":")
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}
