// The edge's files: the table in use, and the counters. Called by the edge process at its start, on each new table and
// every second; what is read back is what was last written whole, whatever was killed when.
import { mkdir, readFile, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { writeDurably } from "../../../kernel/disk/durable-file.ts"
import { ConveyorError, describe } from "../../../kernel/errors/errors.ts"
import { roomBeside } from "../../../kernel/disk/room.ts"
import type { Room } from "../../../kernel/disk/room.ts"
import type { RoutingTable } from "../../edge.ts"
import { parseRoutingTable } from "../../table.ts"
import { savedCounters } from "../counting/counters.ts"
import { savedPages } from "../pages/told-pages.ts"

const savedHistory = z.object({
  counters: savedCounters,
  toldPages: savedPages,
  /** Pages that were open, by version. */
  openPages: z.record(z.string(), z.int().min(0)).default({}),
})
export type SavedHistory = z.infer<typeof savedHistory>

/** A table of a hundred versions is a tenth of this. */
const roomBytesEach = 64 * 1024

export class EdgeState {
  #directory: string
  #room: Room
  #lastHistory = ""

  private constructor(directory: string) {
    this.#directory = directory
    this.#room = roomBeside(join(directory, "table.json"), roomBytesEach)
  }

  static async open(directory: string): Promise<EdgeState> {
    await mkdir(directory, { recursive: true })
    // What a killed process was writing aside.
    for (const name of await readdir(directory)) if (name.endsWith(".tmp")) await rm(join(directory, name), { force: true })
    return new EdgeState(directory)
  }

  /** For answers that wait for their clients; nothing in it outlives the process that wrote it. */
  get spoolDirectory(): string {
    return join(this.#directory, "spool")
  }

  /** Certificates that were good, with their keys. */
  get certificatesDirectory(): string {
    return join(this.#directory, "certificates")
  }

  async readTable(): Promise<RoutingTable | undefined> {
    const text = await this.#read("table.json")
    if (text === undefined) return undefined
    try {
      return parseRoutingTable(JSON.parse(text))
    } catch (cause) {
      const file = join(this.#directory, "table.json")
      throw new ConveyorError("bad-edge-state", `${file} is not a routing table: ${describe(cause)}`, {
        facts: { file },
        hint: `Move ${file} away and start again; the edge then waits for a new table.`,
        cause,
      })
    }
  }

  async writeTable(table: RoutingTable): Promise<void> {
    const text = `${JSON.stringify(table, undefined, 2)}\n`
    await this.#room.withinAsync(() => writeDurably(join(this.#directory, "table.json"), text))
  }

  async readHistory(): Promise<SavedHistory> {
    const text = await this.#read("history.json")
    return text === undefined ? { counters: {}, toldPages: [], openPages: {} } : savedHistory.parse(JSON.parse(text))
  }

  async writeHistory(history: SavedHistory): Promise<void> {
    this.#room.keep()
    const text = JSON.stringify(history)
    if (text === this.#lastHistory) return
    await writeDurably(join(this.#directory, "history.json"), text)
    this.#lastHistory = text
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#directory, name), "utf8")
    } catch (thrown) {
      if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined
      throw thrown
    }
  }
}
