// Whether a version is the current one, in a file that the environment of its copies names: timers and queues of an old
// version, kept warm, need to know. One word, replaced in one stroke. Written by the process runtime.
import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { writeDurably } from "../../kernel/disk/durable-file.ts"
import type { Standing } from "../runtime.ts"
import { readIfThere } from "./copy-files.ts"

export class StandingFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  file(version: string): string {
    return join(this.#folder, version)
  }

  async write(version: string, standing: Standing): Promise<void> {
    const text = `${standing}\n`
    if ((await readIfThere(this.file(version))) === text) return
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await writeDurably(this.file(version), text)
  }

  async forget(version: string): Promise<void> {
    await rm(this.file(version), { force: true })
  }
}
