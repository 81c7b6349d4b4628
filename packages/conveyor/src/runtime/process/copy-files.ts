// What the process runtime keeps on disk about each copy: <id>.json, written before the process is started, <id>.pid,
// written by the process itself before it becomes the service, and <id>.end.json, once it is seen to have ended. So a
// starter that dies in between loses no process: whoever comes next finds the record, and in it the way to the process.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { mkdir, rm } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { z } from "zod"
import { writeDurably } from "../../kernel/disk/durable-file.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { identify } from "../../kernel/process/process-identity.ts"
import type { ProcessIdentity } from "../../kernel/process/process-identity.ts"
import type { CopyEnd } from "../runtime.ts"

const copyEnd = z.object({ reason: z.string(), at: z.number(), how: z.enum(["by-itself", "given-up"]).default("by-itself") })

const copyRecord = z.object({
  id: z.string(),
  service: z.string(),
  version: z.string(),
  release: z.string(),
  index: z.int(),
  artifact: z.string(),
  node: z.string().default(() => hostname()),
  address: z.object({ host: z.string(), port: z.int() }),
  startedAt: z.number(),
  restarts: z.int().default(0),
  before: copyEnd.optional(),
  stopGraceMs: z.number().default(30_000),
})
export type CopyRecord = z.infer<typeof copyRecord>

/** "none": it has not said yet that it came up. "gone": it came up, and is no more. */
export type CopyProcess = ProcessIdentity | "none" | "gone"

export class CopyFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  pidFile(id: string): string {
    return join(this.#folder, `${id}.pid`)
  }

  async write(record: CopyRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    await writeDurably(this.#file(record.id), JSON.stringify(record), 0o600)
  }

  async all(): Promise<CopyRecord[]> {
    const names = namesIn(this.#folder)
      .filter((name) => name.endsWith(".json") && !name.endsWith(".end.json"))
      .toSorted()
    const records = await Promise.all(names.map((name) => this.#read(join(this.#folder, name), copyRecord)))
    return records.filter((record) => record !== undefined)
  }

  async find(id: string): Promise<CopyRecord | undefined> {
    return this.#read(this.#file(id), copyRecord)
  }

  /** @throws where the machine cannot say. */
  async process(id: string): Promise<CopyProcess> {
    const said = await this.#pid(id)
    if (said === undefined) return "none"
    const found = identify(said.pid)
    return found !== undefined && found.startTime === said.startTime ? found : "gone"
  }

  /** Processes that a leader which has ended has left behind in its group; undefined where its number is somebody else's now. */
  async leftGroup(id: string): Promise<number | undefined> {
    const said = await this.#pid(id)
    return said === undefined || identify(said.pid) !== undefined ? undefined : said.pid
  }

  async end(id: string): Promise<CopyEnd | undefined> {
    return this.#read(join(this.#folder, `${id}.end.json`), copyEnd)
  }

  /** At once, since it is called while the process that would do it later may itself be ending. The first reason stays. */
  ended(id: string, end: CopyEnd): void {
    const file = join(this.#folder, `${id}.end.json`)
    if (!existsSync(this.#file(id)) || existsSync(file)) return
    try {
      writeFileSync(file, JSON.stringify(end), { mode: 0o600 })
    } catch {
      // A full disk: the next round sees again that it has ended, and knows no reason.
    }
  }

  async forget(id: string): Promise<void> {
    for (const file of [this.#file(id), this.pidFile(id), join(this.#folder, `${id}.end.json`)]) await rm(file, { force: true })
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.json`)
  }

  async #pid(id: string): Promise<ProcessIdentity | undefined> {
    const text = await readIfThere(this.pidFile(id))
    if (text === undefined) return undefined
    // Where it comes from `ps`, a start time has spaces in it.
    const [pid, ...startTime] = text.trim().split(" ")
    return { pid: Number(pid), startTime: startTime.join(" ") }
  }

  async #read<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const text = await readIfThere(file)
    if (text === undefined) return undefined
    try {
      return schema.parse(JSON.parse(text))
    } catch (cause) {
      throw new ConveyorError("bad-runtime-state", `${file} is not the record of a copy: ${describe(cause)}`, {
        facts: { file },
        hint: "Nothing is started or stopped by guess: end its process by hand, then move the file away.",
        cause,
      })
    }
  }
}

/** Undefined where there is no such file; what cannot be read is an error, and no absence. At once: a few bytes, asked each second. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return readFileSync(file, "utf8")
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined
    throw thrown
  }
}

/** None where there is no such folder yet. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return []
    throw thrown
  }
}
