// The control plane as a process: everything wired, the API open, its address written where the command line finds it.
// Called by `conveyor serve`, which `conveyor up` starts.
import { randomBytes } from "node:crypto"
import { chmod, rm } from "node:fs/promises"
import { isAbsolute } from "node:path"
import type { Clock } from "../kernel/time/clock.ts"
import { seconds } from "../kernel/time/duration.ts"
import { writeDurably } from "../kernel/disk/durable-file.ts"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import type { Logger } from "../kernel/logger.ts"
import { identify } from "../kernel/process/process-identity.ts"
import { roomBeside } from "../kernel/disk/room.ts"
import type { Jobs } from "../release/jobs/jobs.ts"
import type { Ports } from "../release/ports.ts"
import type { Lease } from "../store/lease.ts"
import { createApi } from "./api/api.ts"
import { listenAtFixedAddress } from "./api/control-listener.ts"
import type { ControlListen } from "./api/control-listener.ts"
import { ControlPlane } from "./control-plane.ts"
import { EventHub } from "./api/events.ts"
import { holdLease } from "./hold-lease.ts"
import { programVersion } from "./installation/program-version.ts"
import type { ControlAddress, StateDirectory } from "./installation/state-directory.ts"
import type { Watching } from "./watching/watching.ts"

export interface ServeOptions {
  state: StateDirectory
  configFile: string
  name: string
  ports: Ports
  lease: Lease
  edgeUrl: string
  listen: ControlListen
  unit: ControlAddress["unit"]
  watching: Watching
  jobs: Jobs
  reviveEdge: () => Promise<void>
  clock: Clock
  logger: Logger
  /** Aborting stops in good order: the run under way is left for the next control plane. */
  signal: AbortSignal
}

const edgeLookEveryMs = seconds(1)
const roomLookEveryMs = seconds(5)

/** @throws ConveyorError "lease-lost" where another control plane took over. */
export async function serve(options: ServeOptions): Promise<void> {
  const { state, ports, signal, logger } = options
  if (!isAbsolute(state.root)) throw new ConveyorError("bad-state", `${state.root} is not absolute`)
  const hub = new EventHub(ports.fence)
  const controlPlane = new ControlPlane(ports, hub)
  const token = randomBytes(24).toString("base64url")
  const api = createApi({
    controlPlane,
    ports,
    hub,
    token,
    name: options.name,
    edgeUrl: options.edgeUrl,
    watching: options.watching,
    jobs: options.jobs,
  })
  const url = await listenAtFixedAddress({ listen: (at) => api.listen(at), wanted: options.listen, file: state.controlPort, logger })

  const lost = new AbortController()
  const parts = { ...options, signal: AbortSignal.any([signal, lost.signal]) }
  parts.signal.addEventListener("abort", () => controlPlane.stop(), { once: true })
  const holding = holdLease(parts).catch((thrown: unknown) => lost.abort(thrown))
  const working = Promise.all([
    holding,
    controlPlane.work(),
    watchEdge(parts),
    keepRoom(parts),
    options.watching.work(parts),
    options.jobs.work(parts.signal),
  ])
  // A terminal or a disk that takes no more output ends nothing.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
  await announce(options, url, token)
  logger.info({ url, edge: options.edgeUrl, fence: ports.fence }, "control plane is up")

  await working
  // Where the lease is lost, what is announced is the other's by then.
  if (!lost.signal.aborted) await rm(state.control, { force: true })
  await api.close()
  lost.signal.throwIfAborted()
  logger.info({}, "control plane is down")
}

async function announce({ state, configFile, edgeUrl, unit }: ServeOptions, url: string, token: string): Promise<void> {
  const identity = identify(process.pid)
  if (identity === undefined) throw new ConveyorError("no-identity", "this process cannot find itself in the process table")
  const address: ControlAddress = { url, token, identity, edge: edgeUrl, configFile, version: programVersion, unit }
  await writeDurably(state.control, JSON.stringify(address), 0o600)
  await chmod(state.control, 0o600)
}

async function watchEdge({ reviveEdge, clock, logger, signal }: ServeOptions): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(edgeLookEveryMs, signal).catch(() => {})
    if (signal.aborted) return
    await reviveEdge().catch((thrown: unknown) => logger.error({ error: describe(thrown) }, "the edge is down and could not be started"))
  }
}

async function keepRoom({ state, clock, logger, signal }: ServeOptions): Promise<void> {
  const room = roomBeside(state.database)
  let was: "whole" | "short" = "whole"
  while (!signal.aborted) {
    const is = room.keep()
    if (is !== was)
      logger.warn({ folder: state.root }, is === "short" ? "the disk is nearly full: no room is kept aside" : "room is kept aside again")
    was = is
    await clock.sleep(roomLookEveryMs, signal).catch(() => {})
  }
}
