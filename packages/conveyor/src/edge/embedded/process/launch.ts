// Starts the edge (its guard, which starts a worker) as processes of their own, which outlive their starter, or finds those that
// run already. Called by whoever brings a platform up or down.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { randomBytes } from "node:crypto"
import { closeSync, openSync } from "node:fs"
import { mkdir, readFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { z } from "zod"
import type { Clock } from "../../../kernel/time/clock.ts"
import { writeDurably } from "../../../kernel/disk/durable-file.ts"
import { knownCode } from "../../../kernel/errors/error-catalogue.ts"
import { ConveyorError } from "../../../kernel/errors/errors.ts"
import { isAlive, signalProcess } from "../../../kernel/process/process-identity.ts"
import type { ProcessIdentity } from "../../../kernel/process/process-identity.ts"
import { until } from "../../../kernel/time/until.ts"
import type { EdgeAddress } from "./address-file.ts"
import { launchOrderOf, readLaunchOrder, writeLaunchOrder } from "./launch-file.ts"
import type { LaunchOrder } from "./launch-file.ts"
import { readEdgeAddress, removeEdgeAddress } from "./address-file.ts"
import type { EdgeSettings } from "../settings.ts"
import { jsonOf } from "../../../kernel/json.ts"

export interface EdgeLaunch {
  /** The edge's own directory: table, counters, token, address. */
  stateDirectory: string
  /** Port 0 takes any free one. */
  listen: { host: string; port: number }
  /** Loopback and any free port, unless said otherwise. */
  admin?: { host: string; port: number }
  /** Where users come by TLS: with certificates among the settings. */
  secure?: { host: string; port: number }
  logFile: string
  settings?: Partial<EdgeSettings>
  clock: Clock
  signal: AbortSignal
  /** How long the process may take until it serves. */
  withinMs?: number
}

export interface RunningEdge {
  how: "launched" | "adopted"
  /** The worker that serves. */
  identity: ProcessIdentity
  guard: ProcessIdentity | undefined
  listen: { host: string; port: number }
  secure: { host: string; port: number } | undefined
  /** Where programs of this machine reach it. */
  url: string
  adminUrl: string
  token: string
}

const wholeWithinMs = 5_000

export async function launchEdge(launch: EdgeLaunch): Promise<RunningEdge> {
  await mkdir(launch.stateDirectory, { recursive: true })
  await mkdir(dirname(launch.logFile), { recursive: true })
  const token = await readOrMakeToken(launch.stateDirectory)
  const running = await findRunning(launch)
  const order = orderOf(launch)
  if (running !== undefined) {
    const asked = await readLaunchOrder(launch.stateDirectory)
    const adopted = adoptable(running, launch)
    const isAsOrdered = isDeepStrictEqual([asked?.settings, asked?.secure], [order.settings, order.secure])
    const now = isAsOrdered ? adopted : await renewed(adopted, { ...order, listen: adopted.listen }, launch)
    return describeRunning(withTlsAsOrdered(now, launch), token, "adopted")
  }
  await writeLaunchOrder(launch.stateDirectory, order)
  return describeRunning(await serving(start(launch, order), launch), token, "launched")
}

/** Both by the programs and settings of now, without a request lost. @throws where no new worker serves within `withinMs`. */
export async function renewEdge(launch: EdgeLaunch): Promise<RunningEdge> {
  const running = await findRunning(launch)
  if (running === undefined) return launchEdge(launch)
  const renewedEdge = await renewed(running, { ...orderOf(launch), listen: running.listen }, launch)
  return describeRunning(renewedEdge, await readOrMakeToken(launch.stateDirectory), "adopted")
}

async function renewed(
  running: EdgeAddress,
  order: LaunchOrder,
  { stateDirectory, clock, signal, withinMs = 15_000 }: EdgeLaunch,
): Promise<EdgeAddress> {
  await writeLaunchOrder(stateDirectory, order)
  // An edge of before there were guards goes on as it is.
  if (running.guard === undefined) return running
  let told = running.guard
  signalProcess(told, "SIGUSR2")
  return until(
    async () => {
      const now = await readEdgeAddress(stateDirectory)
      // The guard was just ending, from a renewal before: its successor has not heard it.
      if (now?.guard !== undefined && now.guard.pid !== told.pid && now.identity.pid === running.identity.pid) {
        told = now.guard
        signalProcess(told, "SIGUSR2")
      }
      const isNew = now !== undefined && now.identity.pid !== running.identity.pid && isAlive(now.identity)
      return isNew ? { done: now } : { notYet: "the old worker serves" }
    },
    { what: "the renewal of the edge", everyMs: 25, withinMs, clock, signal },
  )
}

/** SIGTERM, which lets requests in flight end; SIGKILL after `graceMs`. */
export async function stopEdge(
  stateDirectory: string,
  { graceMs, clock, signal }: { graceMs: number; clock: Clock; signal: AbortSignal },
): Promise<"stopped" | "killed" | "was-gone"> {
  const running = await findRunning({ stateDirectory, clock, signal })
  if (running === undefined) return "was-gone"
  const outcome = await gone(stateDirectory, running, graceMs, clock, signal).then(
    () => "stopped" as const,
    async () => {
      signal.throwIfAborted()
      killEdge(running)
      killEdge((await readEdgeAddress(stateDirectory)) ?? running)
      await gone(stateDirectory, running, 5_000, clock, signal)
      return "killed" as const
    },
  )
  await removeEdgeAddress(stateDirectory)
  return outcome
}

/** At once, guard and worker: held first, so that neither starts the other again. */
export function killEdge({ identity, guard }: Pick<EdgeAddress, "identity"> & { guard?: ProcessIdentity | undefined }): void {
  const both = guard === undefined ? [identity] : [guard, identity]
  for (const signal of ["SIGSTOP", "SIGKILL"] as const) for (const each of both) signalProcess(each, signal)
}

/** Where one of both has died, the other is about to start it again. */
async function findRunning({
  stateDirectory,
  clock,
  signal,
}: Pick<EdgeLaunch, "stateDirectory" | "clock" | "signal">): Promise<EdgeAddress | undefined> {
  const isWhole = ({ identity, guard }: EdgeAddress) => isAlive(identity) && (guard === undefined || isAlive(guard))
  const isThere = ({ identity, guard }: EdgeAddress) => isAlive(identity) || (guard !== undefined && isAlive(guard))
  const first = await readEdgeAddress(stateDirectory)
  if (first === undefined || !isThere(first)) return undefined
  const whole = await until<EdgeAddress | undefined>(
    async () => {
      const now = (await readEdgeAddress(stateDirectory)) ?? first
      return isWhole(now) ? { done: now } : isThere(now) ? { notYet: "guard or worker is started again" } : { done: undefined }
    },
    { what: "the edge to be whole again", everyMs: 25, withinMs: wholeWithinMs, clock, signal },
  ).catch(() => "half" as const)
  signal.throwIfAborted()
  return whole === "half" ? ((await readEdgeAddress(stateDirectory)) ?? first) : whole
}

function adoptable(running: EdgeAddress, { listen, stateDirectory }: EdgeLaunch): EdgeAddress {
  const { asked, identity } = running
  if (asked.host === listen.host && (listen.port === 0 || listen.port === running.listen.port)) return running
  throw new ConveyorError("edge-elsewhere", `An edge of ${stateDirectory} runs already, on ${asked.host}:${asked.port}`, {
    facts: { pid: identity.pid, runs: asked, wanted: listen },
    hint: "Stop it first (its users would lose it), or keep its address.",
  })
}

/** An edge that runs goes on where it cannot have another socket: that must not look as if it had it. */
function withTlsAsOrdered(edge: EdgeAddress, { secure, logFile }: EdgeLaunch): EdgeAddress {
  if (secure === undefined || edge.secure !== undefined) return edge
  throw new ConveyorError("cannot-listen", `The edge cannot listen for TLS on ${secure.host}:${secure.port}; plainly it serves on`, {
    facts: { ...secure, logFile },
    hint: `${logFile} says why. Is the address one of this machine, free, and may this user listen on the port?`,
  })
}

function orderOf({ listen, admin = { host: "127.0.0.1", port: 0 }, secure, settings = {}, ...paths }: EdgeLaunch): LaunchOrder {
  const [stateDirectory, logFile] = [resolve(paths.stateDirectory), resolve(paths.logFile)]
  const where = { listen, admin, ...(secure === undefined ? {} : { secure }) }
  return launchOrderOf({ ...where, tokenFile: tokenFile(stateDirectory), logFile, settings })
}

function start({ stateDirectory }: EdgeLaunch, { guard, logFile }: LaunchOrder): ChildProcess {
  // What Node itself has to say (a syntax error, no memory) goes to the log too.
  const output = openSync(logFile, "a", 0o600)
  try {
    const directory = resolve(stateDirectory)
    const argv = [guard, "--state", directory]
    const child = spawn(process.execPath, argv, { detached: true, stdio: ["ignore", output, output], cwd: directory })
    child.unref()
    return child
  } finally {
    closeSync(output)
  }
}

/** Waits until the child has written where it serves, or has ended. */
async function serving(child: ChildProcess, launch: EdgeLaunch): Promise<EdgeAddress> {
  const { clock, signal, logFile, stateDirectory, withinMs = 15_000 } = launch
  let ended: string | undefined
  child.once("error", (error) => (ended = error.message))
  child.once("exit", (code, killedBy) => (ended = killedBy ?? `exit code ${code}`))
  const seen = await until<EdgeAddress | { ended: string }>(
    async () => {
      const edge = await readEdgeAddress(stateDirectory)
      if (edge !== undefined && edge.guard?.pid === child.pid) return { done: edge }
      return ended === undefined ? { notYet: "the process has not said that it serves" } : { done: { ended } }
    },
    { what: "the edge's start", everyMs: 25, withinMs, clock, signal },
  ).catch((thrown: unknown) => {
    child.kill("SIGKILL")
    throw thrown
  })
  if ("identity" in seen) return seen
  throw await lastWords(logFile, seen.ended)
}

const logLine = z.object({
  level: z.number().min(50),
  msg: z.string(),
  code: z.string(),
  facts: z.record(z.string(), z.unknown()),
  hint: z.string().exactOptional(),
})

/** The error that the process logged before it ended, as if it had been thrown here. */
async function lastWords(logFile: string, ended: string): Promise<ConveyorError> {
  const lines = (await readFile(logFile, "utf8")).trimEnd().split("\n")
  const last = logLine.safeParse(jsonOf(lines.at(-1) ?? ""))
  if (last.success) {
    const { code, msg, facts, hint } = last.data
    return new ConveyorError(knownCode(code), msg, hint === undefined ? { facts } : { facts, hint })
  }
  const excerpt = lines.slice(-5).join("\n")
  return new ConveyorError("edge-failed", `The edge ended at its start (${ended}): ${excerpt}`, {
    facts: { ended, logFile },
    hint: `Read ${logFile}.`,
  })
}

function describeRunning({ identity, guard, listen, admin, secure }: EdgeAddress, token: string, how: RunningEdge["how"]): RunningEdge {
  return { how, identity, guard, listen, secure, url: urlOf(listen), adminUrl: urlOf(admin), token }
}

/** Whoever listens on every network can be reached on loopback. */
function urlOf({ host, port }: EdgeAddress["listen"]): string {
  const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host
  return `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}`
}

const tokenFile = (stateDirectory: string) => join(stateDirectory, "token")

async function readOrMakeToken(stateDirectory: string): Promise<string> {
  try {
    return (await readFile(tokenFile(stateDirectory), "utf8")).trim()
  } catch {
    const token = randomBytes(32).toString("hex")
    await writeDurably(tokenFile(stateDirectory), `${token}\n`, 0o600)
    return token
  }
}

/** A guard that was just being renewed has a successor, which is told as well. */
async function gone(stateDirectory: string, running: EdgeAddress, withinMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const told = new Set<number>()
  const round = async () => {
    const all = [running, (await readEdgeAddress(stateDirectory)) ?? running].flatMap(({ identity, guard }) => [
      ...(guard === undefined ? [] : [guard]),
      identity,
    ])
    const alive = all.filter(isAlive)
    // A guard, where one is alive: it has its worker end.
    const first = alive[0]
    if (first === undefined) return { done: true as const }
    if (!told.has(first.pid)) signalProcess(first, "SIGTERM")
    told.add(first.pid)
    return { notYet: "it still runs" }
  }
  const what = `the end of the edge (worker ${running.identity.pid}, guard ${running.guard?.pid ?? "none"})`
  await until<true>(round, { what, everyMs: 20, withinMs, clock, signal })
}
