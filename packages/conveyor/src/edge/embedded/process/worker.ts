// One worker as its guard sees it: a process that is started, says that it is ready, serves, hands over and ends. Made by the
// guard, for workers that it starts and for the one that has started it.
import { spawn } from "node:child_process"
import { openSync, closeSync } from "node:fs"
import type { ProcessIdentity } from "../../../kernel/process/process-identity.ts"
import { identify, signalProcess } from "../../../kernel/process/process-identity.ts"
import type { LaunchOrder } from "./launch-file.ts"
import { handedOn, secureFlag } from "./protocol.ts"
import type { FromWorker, Sockets, ToWorker } from "./protocol.ts"

export type Said = FromWorker["kind"] | "gone"

/** The channel to a worker, whichever end of it started the other. */
export interface Channel {
  send(message: ToWorker): void
  onMessage(listener: (message: FromWorker) => void): void
  /** Once, with what is known of how the process ended. */
  onGone(listener: (how: string) => void): void
}

export class Worker {
  readonly identity: ProcessIdentity
  #channel: Channel
  #heardAt: number
  #now: () => number
  #how: string | undefined
  #listeners = new Set<(said: Said, message?: FromWorker) => void>()

  constructor(identity: ProcessIdentity, channel: Channel, now: () => number) {
    this.identity = identity
    this.#channel = channel
    this.#now = now
    this.#heardAt = now()
    channel.onMessage((message) => {
      this.#heardAt = now()
      for (const listener of this.#listeners) listener(message.kind, message)
    })
    channel.onGone((how) => {
      this.#how = how
      for (const listener of this.#listeners) listener("gone")
    })
  }

  /** How it ended; undefined while it lives. */
  get ended(): string | undefined {
    return this.#how
  }

  /** For how long nothing was heard of it, in ms. */
  get silentMs(): number {
    return this.#now() - this.#heardAt
  }

  /** The guard itself was not there to hear anything. */
  excuse(): void {
    this.#heardAt = this.#now()
  }

  send(message: ToWorker): void {
    if (this.#how === undefined) this.#channel.send(message)
  }

  kill(signal: NodeJS.Signals): void {
    signalProcess(this.identity, signal)
  }

  onSaid(listener: (said: Said, message?: FromWorker) => void): void {
    this.#listeners.add(listener)
  }

  /** Resolves when it says so, or with undefined when it ends or `withinMs` are over. */
  says<K extends FromWorker["kind"]>(kind: K, withinMs: number): Promise<Extract<FromWorker, { kind: K }> | undefined> {
    return new Promise((resolve) => {
      const finish = (message: Extract<FromWorker, { kind: K }> | undefined) => {
        clearTimeout(timer)
        this.#listeners.delete(listener)
        resolve(message)
      }
      const timer = setTimeout(() => finish(undefined), withinMs)
      const listener = (said: Said, message?: FromWorker) => {
        if (said === kind) finish(message as Extract<FromWorker, { kind: K }>)
        else if (said === "gone") finish(undefined)
      }
      if (this.#how === undefined) this.#listeners.add(listener)
      else finish(undefined)
    })
  }

  /** Resolves when it has ended; false where it has not within `withinMs`. */
  async ends(withinMs: number): Promise<boolean> {
    if (this.#how === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs)
        this.#listeners.add((said) => {
          if (said !== "gone") return
          clearTimeout(timer)
          resolve()
        })
      })
    }
    return this.#how !== undefined
  }
}

/** Starts a worker with the sockets among its descriptors. @throws where the process cannot be started at all. */
export function startWorker(stateDirectory: string, order: LaunchOrder, sockets: Sockets, now: () => number): Worker {
  // What Node itself has to say (a syntax error, no memory) goes to the log too.
  const output = openSync(order.logFile, "a", 0o600)
  try {
    const argv = [order.worker, "--state", stateDirectory, ...(sockets.secure === undefined ? [] : [secureFlag])]
    const child = spawn(process.execPath, argv, {
      stdio: ["ignore", output, output, "ipc", ...handedOn(sockets)],
      cwd: stateDirectory,
    })
    child.on("error", () => {})
    const identity = identify(child.pid ?? -1) ?? { pid: child.pid ?? -1, startTime: "" }
    const channel: Channel = {
      send: (message) => child.connected && child.send(message, () => {}),
      onMessage: (listener) => child.on("message", (message) => listener(message as FromWorker)),
      onGone: (listener) => child.once("exit", (code, signal) => listener(signal ?? `exit code ${code}`)),
    }
    return new Worker(identity, channel, now)
  } finally {
    closeSync(output)
  }
}

/** The worker that has started this guard. */
export function workerThatStarted(identity: ProcessIdentity, now: () => number): Worker {
  const channel: Channel = {
    send: (message) => process.connected && process.send?.(message, undefined, undefined, () => {}),
    onMessage: (listener) => process.on("message", (message) => listener(message as FromWorker)),
    onGone: (listener) => process.once("disconnect", () => listener("its channel closed; how it ended is not known here")),
  }
  return new Worker(identity, channel, now)
}
