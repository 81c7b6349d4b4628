// Starts the edge as a process of its own, which outlives its starter, or finds the one that runs already. Called by
// whoever brings a platform up or down.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { randomBytes } from "node:crypto"
import { closeSync, openSync } from "node:fs"
import { mkdir, readFile } from "node:fs/promises"
import { dirname, extname, join, resolve } from "node:path"
import { z } from "zod"
import type { Clock } from "../../../kernel/clock.ts"
import { writeDurably } from "../../../kernel/durable-file.ts"
import { ConveyorError } from "../../../kernel/errors.ts"
import { isAlive, signalProcess } from "../../../kernel/process-identity.ts"
import type { ProcessIdentity } from "../../../kernel/process-identity.ts"
import { until } from "../../../kernel/until.ts"
import type { EdgeAddress } from "./address-file.ts"
import { readEdgeAddress, removeEdgeAddress } from "./address-file.ts"
import type { EdgeSettings } from "../settings.ts"

export interface EdgeLaunch {
  /** The edge's own directory: table, counters, token, address. */
  stateDirectory: string
  /** Port 0 takes any free one. */
  listen: { host: string; port: number }
  /** Loopback and any free port, unless said otherwise. */
  admin?: { host: string; port: number }
  logFile: string
  settings?: Partial<EdgeSettings>
  clock: Clock
  signal: AbortSignal
  /** How long the process may take until it serves. */
  withinMs?: number
}

export interface RunningEdge {
  how: "launched" | "adopted"
  identity: ProcessIdentity
  listen: { host: string; port: number }
  /** Where programs of this machine reach it. */
  url: string
  adminUrl: string
  token: string
}

export async function launchEdge(launch: EdgeLaunch): Promise<RunningEdge> {
  await mkdir(launch.stateDirectory, { recursive: true })
  await mkdir(dirname(launch.logFile), { recursive: true })
  const token = await readOrMakeToken(launch.stateDirectory)
  const running = await findRunning(launch.stateDirectory)
  if (running !== undefined) return describeRunning(adoptable(running, launch), token, "adopted")
  const child = start(launch)
  return describeRunning(await serving(child, launch), token, "launched")
}

/** SIGTERM, which lets requests in flight end; SIGKILL after `graceMs`. */
export async function stopEdge(
  stateDirectory: string,
  { graceMs, clock, signal }: { graceMs: number; clock: Clock; signal: AbortSignal },
): Promise<"stopped" | "killed" | "was-gone"> {
  const running = await findRunning(stateDirectory)
  if (running === undefined) return "was-gone"
  signalProcess(running.identity, "SIGTERM")
  const outcome = await gone(running.identity, graceMs, clock, signal).then(
    () => "stopped" as const,
    async () => {
      signal.throwIfAborted()
      signalProcess(running.identity, "SIGKILL")
      await gone(running.identity, 5_000, clock, signal)
      return "killed" as const
    },
  )
  await removeEdgeAddress(stateDirectory)
  return outcome
}

async function findRunning(stateDirectory: string): Promise<EdgeAddress | undefined> {
  const edge = await readEdgeAddress(stateDirectory)
  return edge !== undefined && isAlive(edge.identity) ? edge : undefined
}

function adoptable(running: EdgeAddress, { listen, stateDirectory }: EdgeLaunch): EdgeAddress {
  const { asked, identity } = running
  if (asked.host === listen.host && (listen.port === 0 || listen.port === running.listen.port)) return running
  throw new ConveyorError("edge-elsewhere", `An edge of ${stateDirectory} runs already, on ${asked.host}:${asked.port}`, {
    facts: { pid: identity.pid, runs: asked, wanted: listen },
    hint: "Stop it first (its users would lose it), or keep its address.",
  })
}

function start({ listen, admin = { host: "127.0.0.1", port: 0 }, settings = {}, ...paths }: EdgeLaunch): ChildProcess {
  const [stateDirectory, logFile] = [resolve(paths.stateDirectory), resolve(paths.logFile)]
  // The published form of this folder is JavaScript; either form starts its own main.
  const main = join(import.meta.dirname, `main${extname(import.meta.filename)}`)
  const options = {
    state: stateDirectory,
    listen: `${listen.host}:${listen.port}`,
    admin: `${admin.host}:${admin.port}`,
    "token-file": tokenFile(stateDirectory),
    log: logFile,
    settings: JSON.stringify(settings),
  }
  const argv = [main, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])]
  // What Node itself has to say (a syntax error, no memory) goes to the log too.
  const output = openSync(logFile, "a")
  try {
    const child = spawn(process.execPath, argv, { detached: true, stdio: ["ignore", output, output], cwd: stateDirectory })
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
      if (edge !== undefined && edge.identity.pid === child.pid) return { done: edge }
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
  const last = logLine.safeParse(parseJson(lines.at(-1) ?? ""))
  if (last.success) {
    const { code, msg, facts, hint } = last.data
    return new ConveyorError(code, msg, hint === undefined ? { facts } : { facts, hint })
  }
  const excerpt = lines.slice(-5).join("\n")
  return new ConveyorError("edge-failed", `The edge ended at its start (${ended}): ${excerpt}`, {
    facts: { ended, logFile },
    hint: `Read ${logFile}.`,
  })
}

function describeRunning({ identity, listen, admin }: EdgeAddress, token: string, how: RunningEdge["how"]): RunningEdge {
  return { how, identity, listen, url: urlOf(listen), adminUrl: urlOf(admin), token }
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

async function gone(identity: ProcessIdentity, withinMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  await until(() => (isAlive(identity) ? { notYet: "it still runs" } : { done: true }), {
    what: `the end of process ${identity.pid}`,
    everyMs: 20,
    withinMs,
    clock,
    signal,
  })
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
