// A worker's guard, as the worker sees it: the process that started it, and after that one's death the one that the worker
// starts in its place, with the sockets. Made by worker-main.ts.
import { spawn } from "node:child_process"
import type { StdioOptions } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { systemClock } from "../../../kernel/time/clock.ts"
import type { Logger } from "../../../kernel/logger.ts"
import type { ProcessIdentity } from "../../../kernel/process/process-identity.ts"
import type { LaunchOrder } from "./launch-file.ts"
import { handedOn, secureFlag } from "./protocol.ts"
import type { FromWorker, Sockets, ToWorker } from "./protocol.ts"

interface LinkOptions {
  stateDirectory: string
  order: LaunchOrder
  sockets: Sockets
  identity: ProcessIdentity
  log: Logger
  hear: (message: ToWorker) => void
  /** Whether the sockets are this worker's to give. */
  mayStartOne: () => boolean
}

const againInMs = 1_000

export interface GuardLink {
  send(message: FromWorker): void
}

export function guardOf({ stateDirectory, order, sockets, identity, log, hear, mayStartOne }: LinkOptions): GuardLink {
  let send = (message: FromWorker): void => void (process.connected && process.send?.(message, undefined, undefined, () => {}))
  process.on("message", (message) => hear(message as ToWorker))
  process.once("disconnect", lost)
  return { send: (message) => send(message) }

  function lost(): void {
    send = () => {}
    // A worker that does not serve is of no use without a guard.
    if (!mayStartOne()) return void process.emit("SIGTERM")
    log.error({}, "the guard of the edge has ended; a new one is started, and takes the sockets over")
    startGuard()
  }

  function startGuard(): void {
    const output = openSync(order.logFile, "a", 0o600)
    try {
      const argv = [order.guard, "--state", stateDirectory, "--worker", `${identity.pid}:${identity.startTime}`]
      if (sockets.secure !== undefined) argv.push(secureFlag)
      const stdio: StdioOptions = ["ignore", output, output, "ipc", ...handedOn(sockets)]
      const child = spawn(process.execPath, argv, { stdio, cwd: stateDirectory, detached: true })
      child.on("message", (message) => hear(message as ToWorker))
      child.on("error", (error) => log.error({ cause: error.message }, "the edge's guard could not be started"))
      child.once("close", () => void again())
      send = (message) => void (child.connected && child.send(message, () => {}))
    } finally {
      closeSync(output)
    }
  }

  async function again(): Promise<void> {
    send = () => {}
    await systemClock.sleep(againInMs, new AbortController().signal)
    if (!mayStartOne()) return
    log.error({}, "the guard of the edge has ended; a new one is started, and takes the sockets over")
    startGuard()
  }
}
