// The entry of an edge's guard: `node guard-main.ts --state <directory>`, started by the launcher, which has written there how;
// with `--worker <pid>:<start time>` by a worker whose guard has died, with the sockets among its descriptors.
// SIGTERM ends the edge. SIGUSR2 renews worker and guard: by the programs and settings of now, without a request lost.
import { parseArgs } from "node:util"
import { systemClock } from "../../../kernel/clock.ts"
import { ConveyorError, describe } from "../../../kernel/errors.ts"
import { createLogger } from "../../../kernel/logger.ts"
import { Guard } from "./guard.ts"
import { readLaunchOrder } from "./launch-file.ts"
import { descriptors } from "./protocol.ts"
import { bind } from "./sockets.ts"
import { workerThatStarted } from "./worker.ts"

const { values } = parseArgs({ options: { state: { type: "string", default: "" }, worker: { type: "string" } } })
const stateDirectory = values.state
const order = await readLaunchOrder(stateDirectory)
const log = createLogger("edge-guard", order?.logFile)

try {
  if (order === undefined) throw new ConveyorError("bad-options", `${stateDirectory} holds no launch.json`)
  const starter = values.worker === undefined ? undefined : identityIn(values.worker)
  const sockets = starter === undefined ? { users: bind(order.listen), admin: bind(order.admin) } : descriptors
  const guard = new Guard({ stateDirectory, order, sockets, clock: systemClock, log })
  process.on("uncaughtException", (thrown) => log.error({ cause: describe(thrown), stack: thrown.stack }, "a defect of the edge's guard"))
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void guard.stop().then(() => process.exit(0)))
  process.on("SIGUSR2", () => void renew(guard))
  // The guard has to live whether or not it waits for anything.
  setInterval(() => {}, 86_400_000)
  if (starter !== undefined) await guard.takeOver(workerThatStarted(starter, () => systemClock.now()))
  else if (!(await guard.begin())) process.exit(1)
} catch (thrown) {
  const error = thrown instanceof ConveyorError ? thrown : new ConveyorError("edge-failed", describe(thrown), { cause: thrown })
  log.error({ code: error.code, facts: error.facts, hint: error.hint }, error.message)
  process.exit(1)
}

/** The new worker starts a new guard when this one has ended, and gives it the sockets. */
async function renew(guard: Guard): Promise<void> {
  await guard.renew()
  await guard.othersHaveEnded()
  log.info({ pid: process.pid }, "the guard of the edge ends, to be renewed by its worker")
  process.exit(0)
}

function identityIn(text: string): { pid: number; startTime: string } {
  const at = text.indexOf(":")
  return { pid: Number(text.slice(0, at)), startTime: text.slice(at + 1) }
}
