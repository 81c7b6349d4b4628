// What the process runtime keeps on disk about each copy: <id>.json, written before the process is started, and
// <id>.pid, written by the process itself before it becomes the service. So a starter that dies in between loses
// no process: whoever comes next finds the record, and in it the way to the process.
import { mkdir, readFile, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { writeDurably } from "../../kernel/durable-file.ts"
import { identify } from "../../kernel/process-identity.ts"
import type { ProcessIdentity } from "../../kernel/process-identity.ts"
import type { Copy } from "../runtime.ts"

export type CopyRecord = Omit<Copy, "state">

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
    await writeDurably(join(this.#folder, `${record.id}.json`), JSON.stringify(record))
  }

  async all(): Promise<CopyRecord[]> {
    await mkdir(this.#folder, { recursive: true })
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(".json")).toSorted()
    const texts = await Promise.all(names.map((name) => readFile(join(this.#folder, name), "utf8").catch(() => undefined)))
    return texts.filter((text) => text !== undefined).map((text) => JSON.parse(text) as CopyRecord)
  }

  /** The living process of a copy, or undefined: it has not come up yet, or it is gone. */
  async process(id: string): Promise<ProcessIdentity | undefined> {
    const text = await readFile(this.pidFile(id), "utf8").catch(() => "")
    // Where it comes from `ps`, a start time has spaces in it.
    const [pid, ...startTime] = text.trim().split(" ")
    const found = identify(Number(pid))
    return found !== undefined && found.startTime === startTime.join(" ") ? found : undefined
  }

  async forget(id: string): Promise<void> {
    await rm(join(this.#folder, `${id}.json`), { force: true })
    await rm(this.pidFile(id), { force: true })
  }
}
