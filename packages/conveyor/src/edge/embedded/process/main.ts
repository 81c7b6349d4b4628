// The entry of an edge, which is that of its guard: `node main.ts --state <directory>`, started by the launcher, which has written
// there how; by hand with `--listen host:port --token-file <file> --log <file> [--admin host:port] [--settings <json>]` besides;
// with `--worker <pid>:<start time>` by a worker whose guard has died, with the sockets among its descriptors.
// SIGTERM ends the edge. SIGUSR2 renews worker and guard: by the programs and settings of now, without a request lost.
import { mkdir } from "node:fs/promises"
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { systemClock } from "../../../kernel/time/clock.ts"
import { ConveyorError, describe } from "../../../kernel/errors/errors.ts"
import { createLogger } from "../../../kernel/logger.ts"
import { Guard } from "./guard.ts"
import { launchOrderOf, readLaunchOrder, writeLaunchOrder } from "./launch-file.ts"
import type { LaunchOrder } from "./launch-file.ts"
import { inheritedSockets } from "./protocol.ts"
import type { Sockets } from "./protocol.ts"
import { bind } from "./sockets.ts"
import { workerThatStarted } from "./worker.ts"

const { values } = parseArgs({
  options: {
    state: { type: "string", default: "" },
    worker: { type: "string" },
    secure: { type: "boolean" },
    listen: { type: "string" },
    admin: { type: "string", default: "127.0.0.1:0" },
    "token-file": { type: "string" },
    log: { type: "string" },
    settings: { type: "string", default: "{}" },
  },
})
const stateDirectory = resolve(values.state)
const log = createLogger("edge-guard", values.log ?? (await readLaunchOrder(stateDirectory))?.logFile)

try {
  if (values.listen !== undefined) await mkdir(stateDirectory, { recursive: true })
  if (values.listen !== undefined) await writeLaunchOrder(stateDirectory, orderByHand(values.listen))
  const order = await readLaunchOrder(stateDirectory)
  if (order === undefined) throw new ConveyorError("bad-options", `${stateDirectory} holds no launch.json`)
  const starter = values.worker === undefined ? undefined : identityIn(values.worker)
  const sockets = starter === undefined ? boundFor(order) : inheritedSockets(values.secure)
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

function boundFor({ listen, admin, secure }: LaunchOrder): Sockets {
  return { users: bind(listen), admin: bind(admin), ...(secure === undefined ? {} : { secure: bind(secure) }) }
}

/** The new worker starts a new guard when this one has ended, and gives it the sockets. */
async function renew(guard: Guard): Promise<void> {
  await guard.renew()
  await guard.othersHaveEnded()
  log.info({ pid: process.pid }, "the guard of the edge ends, to be renewed by its worker")
  process.exit(0)
}

function orderByHand(listen: string): LaunchOrder {
  const { "token-file": tokenFile, log: logFile } = values
  if (tokenFile === undefined || logFile === undefined)
    throw new ConveyorError("bad-options", "With --listen an edge needs --token-file and --log")
  const paths = { stateDirectory, tokenFile: resolve(tokenFile), logFile: resolve(logFile) }
  return launchOrderOf({
    ...paths,
    listen: addressIn(listen),
    admin: addressIn(values.admin),
    settings: JSON.parse(values.settings) as object,
  })
}

function addressIn(text: string): { host: string; port: number } {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new ConveyorError("bad-options", `"${text}" is not an address`, { hint: 'Write it like "127.0.0.1:8080".' })
  }
  return { host, port: Number(port) }
}

function identityIn(text: string): { pid: number; startTime: string } {
  const at = text.indexOf(":")
  return { pid: Number(text.slice(0, at)), startTime: text.slice(at + 1) }
}
