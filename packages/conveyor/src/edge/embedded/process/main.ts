// The entry of the edge process: `node main.ts --state <directory> --listen host:port --admin host:port --token-file <file>
// --log <file> [--settings <json>]`. Started by the launcher; serves until SIGTERM.
import { readFile } from "node:fs/promises"
import { parseArgs } from "node:util"
import { systemClock } from "../../../kernel/clock.ts"
import { ConveyorError, describe } from "../../../kernel/errors.ts"
import { createLogger } from "../../../kernel/logger.ts"
import { identify } from "../../../kernel/process-identity.ts"
import { writeEdgeAddress } from "./address-file.ts"
import { EdgeProcess } from "./edge-process.ts"
import type { Address } from "./edge-process.ts"
import { edgeSettings } from "../settings.ts"
import { EdgeState } from "./state.ts"

const { values } = parseArgs({
  options: {
    state: { type: "string" },
    listen: { type: "string" },
    admin: { type: "string", default: "127.0.0.1:0" },
    "token-file": { type: "string" },
    log: { type: "string" },
    settings: { type: "string", default: "{}" },
  },
})
const log = createLogger("edge", values.log)

try {
  const [stateDirectory, asked] = [required("state"), parseAddress(required("listen"))]
  const edge = await EdgeProcess.start({
    state: await EdgeState.open(stateDirectory),
    listen: asked,
    admin: parseAddress(values.admin),
    token: (await readFile(required("token-file"), "utf8")).trim(),
    settings: edgeSettings.parse(JSON.parse(values.settings)),
    clock: systemClock,
    log,
  })
  const identity = identify(process.pid)
  if (identity === undefined) throw new ConveyorError("no-identity", "The edge cannot read its own start time")
  await writeEdgeAddress(stateDirectory, { identity, asked, ...edge.addresses })
  log.info({ pid: process.pid, ...edge.addresses }, "the edge serves")
  // A defect met by one request must not end the others: it is written down, and the edge serves on.
  process.on("uncaughtException", (thrown) => log.error({ cause: describe(thrown), stack: thrown.stack }, "a defect of the edge"))
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop(edge))
} catch (thrown) {
  fail(thrown)
}

async function stop(edge: EdgeProcess): Promise<void> {
  try {
    await edge.stop()
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

function required(option: "state" | "listen" | "token-file"): string {
  const value = values[option]
  if (value === undefined) throw new ConveyorError("bad-options", `The edge needs --${option}`)
  return value
}

function parseAddress(text: string): Address {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new ConveyorError("bad-options", `"${text}" is not an address`, { hint: 'Write it like "127.0.0.1:8080".' })
  }
  return { host, port: Number(port) }
}
