// How an edge is to be started: written by the launcher, read by the guard for each worker that it starts, so that a renewed
// worker has what was asked for last.
import { readFile } from "node:fs/promises"
import { extname, join } from "node:path"
import { z } from "zod"
import { writeDurably } from "../../../kernel/disk/durable-file.ts"

const address = z.object({ host: z.string(), port: z.int() })
const launchOrder = z.object({
  /** The program of the guard, and that of its workers. */
  guard: z.string(),
  worker: z.string(),
  listen: address,
  admin: address,
  /** Where users come by TLS. */
  secure: address.exactOptional(),
  tokenFile: z.string(),
  logFile: z.string(),
  settings: z.record(z.string(), z.unknown()),
})

export type LaunchOrder = z.infer<typeof launchOrder>

/** With the programs of this Conveyor. The published form of this folder is JavaScript; either form starts its own. */
export function launchOrderOf(asked: Omit<LaunchOrder, "guard" | "worker" | "settings"> & { settings: object }): LaunchOrder {
  const program = (name: string) => join(import.meta.dirname, `${name}${extname(import.meta.filename)}`)
  return { guard: program("main"), worker: program("worker-main"), ...asked, settings: { ...asked.settings } }
}

const fileIn = (stateDirectory: string) => join(stateDirectory, "launch.json")

export async function writeLaunchOrder(stateDirectory: string, order: LaunchOrder): Promise<void> {
  await writeDurably(fileIn(stateDirectory), `${JSON.stringify(order, undefined, 2)}\n`)
}

/** Undefined where nothing was ever ordered, or the file is not readable as that. */
export async function readLaunchOrder(stateDirectory: string): Promise<LaunchOrder | undefined> {
  try {
    return launchOrder.parse(JSON.parse(await readFile(fileIn(stateDirectory), "utf8")))
  } catch {
    return undefined
  }
}
