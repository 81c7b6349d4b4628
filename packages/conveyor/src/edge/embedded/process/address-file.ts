// Where a running edge can be found: written by its guard when a worker serves, read by the launcher, which adopts it.
import { readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { writeDurably } from "../../../kernel/disk/durable-file.ts"

const address = z.object({ host: z.string(), port: z.int() })
export type Address = z.infer<typeof address>
const identity = z.object({ pid: z.int(), startTime: z.string() })
const runningEdge = z.object({
  /** The worker that serves, and the guard that holds the sockets and starts another worker where this one dies. */
  identity,
  guard: identity.exactOptional(),
  /** What was asked for, by which an adopter knows its own edge, and what became of it. */
  asked: address,
  listen: address,
  admin: address,
  /** Where it speaks TLS. */
  secure: address.exactOptional(),
})

export type EdgeAddress = z.infer<typeof runningEdge>

const fileIn = (stateDirectory: string) => join(stateDirectory, "edge.json")

export async function writeEdgeAddress(stateDirectory: string, edge: EdgeAddress): Promise<void> {
  await writeDurably(fileIn(stateDirectory), `${JSON.stringify(edge, undefined, 2)}\n`)
}

/** Undefined where no edge ever ran, or the file is not readable as one. */
export async function readEdgeAddress(stateDirectory: string): Promise<EdgeAddress | undefined> {
  try {
    return runningEdge.parse(JSON.parse(await readFile(fileIn(stateDirectory), "utf8")))
  } catch {
    return undefined
  }
}

export async function removeEdgeAddress(stateDirectory: string): Promise<void> {
  await rm(fileIn(stateDirectory), { force: true })
}
