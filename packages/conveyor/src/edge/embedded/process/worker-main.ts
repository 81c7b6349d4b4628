// The entry of a worker of the edge: `node worker-main.ts --state <directory>`, started by the guard with the listening
// sockets among its descriptors. Serves when it is told to, hands over when it is told to, and starts a new guard, which takes
// the sockets over, where its own has died.
import { readFile } from "node:fs/promises"
import { parseArgs } from "node:util"
import { systemClock } from "../../../kernel/time/clock.ts"
import { ConveyorError, describe } from "../../../kernel/errors/errors.ts"
import { createLogger } from "../../../kernel/logger.ts"
import { identify } from "../../../kernel/process/process-identity.ts"
import { EdgeProcess } from "./edge-process.ts"
import { edgeSettings } from "../settings.ts"
import { guardOf } from "./guard-link.ts"
import { readLaunchOrder } from "./launch-file.ts"
import { inheritedSockets } from "./protocol.ts"
import type { ToWorker } from "./protocol.ts"
import { EdgeState } from "./state.ts"

const { values } = parseArgs({ options: { state: { type: "string", default: "" }, secure: { type: "boolean" } } })
const stateDirectory = values.state
const sockets = inheritedSockets(values.secure)
const order = await readLaunchOrder(stateDirectory)
const log = createLogger("edge", order?.logFile)
let edge: EdgeProcess | undefined
let isEnding = false

try {
  if (order === undefined) throw new ConveyorError("bad-options", `${stateDirectory} holds no launch.json`)
  const identity = identify(process.pid)
  if (identity === undefined) throw new ConveyorError("no-identity", "The edge cannot read its own start time")
  const [token, settings] = [(await readFile(order.tokenFile, "utf8")).trim(), edgeSettings.parse(order.settings)]
  // A defect met by one request must not end the others: it is written down, and the edge serves on.
  process.on("uncaughtException", (thrown) => {
    if (edge === undefined) fail(thrown)
    log.error({ cause: describe(thrown), stack: thrown.stack }, "a defect of the edge")
  })
  const guard = guardOf({ stateDirectory, order, sockets, identity, log, hear, mayStartOne: () => edge !== undefined && !isEnding })
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop())
  guard.send({ kind: "ready" })

  function hear(message: ToWorker): void {
    switch (message.kind) {
      case "ping":
        return guard.send({ kind: "pong" })
      case "serve":
        return void serve().catch(fail)
      case "hand-over":
        return void handOver().catch(fail)
      case "stop":
        return void stop()
      case "carried":
        return edge?.carry(message)
    }
  }

  async function serve(): Promise<void> {
    const state = await EdgeState.open(stateDirectory)
    edge = await EdgeProcess.start({ state, sockets, token, settings, clock: systemClock, log })
    log.info({ pid: process.pid, ...edge.addresses }, "the edge serves")
    guard.send({ kind: "serving", ...edge.addresses })
  }

  async function handOver(): Promise<void> {
    isEnding = true
    await edge?.handOver((carried) => guard.send({ kind: "carried", pid: process.pid, ...carried }))
    guard.send({ kind: "handed-over" })
    await edge?.ended
    process.exit(0)
  }
} catch (thrown) {
  fail(thrown)
}

async function stop(): Promise<void> {
  isEnding = true
  try {
    await edge?.stop()
    process.exit(0)
  } catch (thrown) {
    fail(thrown)
  }
}

function fail(thrown: unknown): never {
  const error = thrown instanceof ConveyorError ? thrown : new ConveyorError("edge-failed", describe(thrown), { cause: thrown })
  log.error({ code: error.code, facts: error.facts, hint: error.hint }, error.message)
  process.exit(1)
}
