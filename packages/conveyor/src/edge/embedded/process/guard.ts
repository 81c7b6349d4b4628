// The guard of an edge: holds the listening sockets, never accepts on them, and sees to it that a worker serves. A worker that
// dies is started again; one that hangs is replaced; a new one takes over from an old one without a request lost. It does
// nothing else, so that there is little in it to fail. Run by main.ts.
import { isDeepStrictEqual } from "node:util"
import type { Clock } from "../../../kernel/time/clock.ts"
import { describe } from "../../../kernel/errors/errors.ts"
import type { Logger } from "../../../kernel/logger.ts"
import type { ProcessIdentity } from "../../../kernel/process/process-identity.ts"
import { identify } from "../../../kernel/process/process-identity.ts"
import { readEdgeAddress, writeEdgeAddress } from "./address-file.ts"
import type { LaunchOrder } from "./launch-file.ts"
import { readLaunchOrder } from "./launch-file.ts"
import type { Addresses, Sockets, ToWorker } from "./protocol.ts"
import { bind } from "./sockets.ts"
import type { Worker } from "./worker.ts"
import { startWorker } from "./worker.ts"

export interface GuardOptions {
  stateDirectory: string
  order: LaunchOrder
  sockets: Sockets
  clock: Clock
  log: Logger
}

const heartbeatMs = 500
/** Longer than this nobody waits to be answered by a worker that hangs. */
const silentMs = 2_000
const startWithinMs = 15_000
const handOverWithinMs = 5_000
const longestDrainMs = 600_000
const undeliveredAtMost = 1_000
const [firstPauseMs, longestPauseMs] = [100, 5_000]

export class Guard {
  #options: GuardOptions
  #order: LaunchOrder
  #sockets: Sockets
  /** Where the socket for TLS is bound, if there is one. */
  #secureAt: LaunchOrder["secure"]
  #current: Worker | undefined
  #workers = new Set<Worker>()
  #replacing = false
  #stopping = new AbortController()
  #tickedAt: number
  /** What old workers had to say while none served. */
  #undelivered: ToWorker[] = []

  constructor(options: GuardOptions) {
    this.#options = options
    this.#order = options.order
    this.#sockets = options.sockets
    this.#secureAt = options.sockets.secure === undefined ? undefined : options.order.secure
    this.#tickedAt = this.#now()
  }

  /** Starts the first worker. False where it does not serve: it has said why, and nobody waits for a second try. */
  async begin(): Promise<boolean> {
    const worker = await this.#start()
    if (worker === undefined || !(await this.#letServe(worker))) return false
    this.#watch()
    return true
  }

  /** Goes on with the worker that has started this guard, after the one before it died. */
  async takeOver(worker: Worker): Promise<void> {
    this.#keepWatchOn(worker)
    this.#current = worker
    worker.send({ kind: "ping" })
    const published = await readEdgeAddress(this.#options.stateDirectory)
    await this.#publish(worker, published ?? this.#order)
    this.#options.log.warn(
      { pid: process.pid, worker: worker.identity.pid },
      "a new guard has taken the edge's sockets over from its worker",
    )
    this.#watch()
  }

  /** A new worker takes over, by the program and the settings of now; the old one ends when nothing of it is in flight. */
  async renew(): Promise<void> {
    if (this.#replacing || this.#stopping.signal.aborted) return
    this.#replacing = true
    try {
      this.#order = (await readLaunchOrder(this.#options.stateDirectory)) ?? this.#order
      this.#bindAsOrdered()
      const [old, next] = [this.#current, await this.#start()]
      if (next === undefined) return this.#options.log.error({}, "a new worker of the edge could not be started; the old one serves on")
      this.#current = undefined
      if (old !== undefined) await this.#takeFrom(old)
      await this.#letServe(next)
      this.#options.log.info({ from: old?.identity.pid, to: next.identity.pid }, "the edge was renewed")
    } finally {
      this.#replacing = false
      if (this.#current === undefined) void this.#revive()
    }
  }

  /** Resolves when no worker has anything in flight but the one that serves. */
  async othersHaveEnded(): Promise<void> {
    await Promise.all([...this.#workers].filter((worker) => worker !== this.#current).map((worker) => worker.ends(longestDrainMs)))
  }

  /** Lets what is in flight end, and ends all workers. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#current?.send({ kind: "stop" })
    await Promise.all([...this.#workers].map((worker) => worker.ends(longestDrainMs)))
    for (const worker of this.#workers) worker.kill("SIGKILL")
  }

  /** The socket for TLS may be wanted elsewhere than before, or not any more. Where it cannot be had, users are served without it. */
  #bindAsOrdered(): void {
    const { secure } = this.#order
    if (isDeepStrictEqual(secure, this.#secureAt)) return
    const { users, admin } = this.#sockets
    this.#sockets = { users, admin }
    this.#secureAt = undefined
    if (secure === undefined) return
    try {
      this.#sockets = { users, admin, secure: bind(secure) }
      this.#secureAt = secure
    } catch (thrown) {
      this.#options.log.error({ ...secure, cause: describe(thrown) }, "the edge cannot listen for TLS")
    }
  }

  async #start(): Promise<Worker | undefined> {
    const { stateDirectory, log } = this.#options
    try {
      const worker = startWorker(stateDirectory, this.#order, this.#sockets, () => this.#now())
      this.#keepWatchOn(worker)
      if ((await worker.says("ready", startWithinMs)) !== undefined) return worker
      worker.kill("SIGKILL")
    } catch (thrown) {
      log.error({ cause: describe(thrown) }, "a worker of the edge could not be started")
    }
    return undefined
  }

  async #letServe(worker: Worker): Promise<boolean> {
    worker.send({ kind: "serve" })
    const serving = await worker.says("serving", startWithinMs)
    if (serving === undefined) {
      worker.kill("SIGKILL")
      return false
    }
    this.#current = worker
    for (const message of this.#undelivered.splice(0)) worker.send(message)
    await this.#publish(worker, serving)
    return true
  }

  async #takeFrom(old: Worker): Promise<void> {
    old.send({ kind: "hand-over" })
    if ((await old.says("handed-over", handOverWithinMs)) !== undefined || old.ended !== undefined) return
    this.#options.log.error({ pid: old.identity.pid, withinMs: handOverWithinMs }, "a worker of the edge did not hand over, and is killed")
    old.kill("SIGKILL")
    await old.ends(handOverWithinMs)
  }

  #keepWatchOn(worker: Worker): void {
    this.#workers.add(worker)
    worker.onSaid((said, message) => {
      if (message?.kind === "carried") this.#tellCurrent(message)
      if (said === "gone") this.#bury(worker)
    })
  }

  #tellCurrent(message: ToWorker): void {
    if (this.#current !== undefined) this.#current.send(message)
    else if (this.#undelivered.length < undeliveredAtMost) this.#undelivered.push(message)
  }

  /** Each death has its line. */
  #bury(worker: Worker): void {
    this.#workers.delete(worker)
    this.#tellCurrent({ kind: "carried", pid: worker.identity.pid, inFlight: {}, counted: {} })
    if (worker !== this.#current) return
    this.#current = undefined
    if (this.#stopping.signal.aborted) return
    this.#options.log.error({ pid: worker.identity.pid, how: worker.ended }, "a worker of the edge has died; another is started")
    if (!this.#replacing) void this.#revive()
  }

  async #revive(): Promise<void> {
    this.#replacing = true
    const { log, clock } = this.#options
    const diedAt = this.#now()
    for (let pauseMs = firstPauseMs; !this.#stopping.signal.aborted; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      const worker = await this.#start()
      if (worker !== undefined && (await this.#letServe(worker))) {
        log.warn({ pid: worker.identity.pid, afterMs: this.#now() - diedAt }, "a worker of the edge serves again")
        break
      }
      log.error({ againInMs: pauseMs }, "no worker of the edge serves: newcomers wait until one does")
      await clock.sleep(pauseMs, this.#stopping.signal).catch(() => "stopping")
    }
    this.#replacing = false
  }

  #watch(): void {
    setInterval(() => this.#beat(), heartbeatMs).unref()
  }

  #beat(): void {
    const [worker, now] = [this.#current, this.#now()]
    // Who was not there to listen cannot say that nobody spoke.
    if (now - this.#tickedAt > 2 * heartbeatMs) worker?.excuse()
    this.#tickedAt = now
    if (worker === undefined || this.#replacing || this.#stopping.signal.aborted) return
    if (worker.silentMs > silentMs) void this.#replaceSilent(worker)
    else worker.send({ kind: "ping" })
  }

  /** Its successor is ready before it is killed: if it speaks until then, it only had much to do. */
  async #replaceSilent(silent: Worker): Promise<void> {
    this.#replacing = true
    const { log } = this.#options
    log.warn({ pid: silent.identity.pid, silentMs: silent.silentMs }, "a worker of the edge does not answer; another is started")
    const next = await this.#start()
    if (silent.ended === undefined && silent.silentMs < silentMs) {
      log.warn({ pid: silent.identity.pid }, "the worker of the edge answers again, and goes on")
      next?.kill("SIGTERM")
    } else if (next !== undefined) {
      this.#current = undefined
      silent.kill("SIGKILL")
      await silent.ends(handOverWithinMs)
      await this.#letServe(next)
      log.error({ pid: silent.identity.pid, how: silent.ended, next: next.identity.pid }, "a worker of the edge hung, and was replaced")
    }
    this.#replacing = false
    if (this.#current === undefined) void this.#revive()
  }

  async #publish({ identity }: Worker, { listen, admin, secure }: Addresses): Promise<void> {
    const { stateDirectory, log } = this.#options
    const where = { listen, admin, ...(secure === undefined ? {} : { secure }) }
    try {
      await writeEdgeAddress(stateDirectory, { identity, guard: ownIdentity(), asked: this.#order.listen, ...where })
    } catch (thrown) {
      log.error({ cause: describe(thrown) }, "where the edge is could not be written down; it serves all the same")
    }
  }

  #now(): number {
    return this.#options.clock.now()
  }
}

function ownIdentity(): ProcessIdentity {
  const identity = identify(process.pid)
  if (identity === undefined) throw new Error("the guard cannot read its own start time")
  return identity
}
