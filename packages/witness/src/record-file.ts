// A file of JSON lines that grows while the witness runs, so that what was seen outlives the witness. Used for acknowledged writes and progress.
import { open } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"

const flushEveryMs = 200

export class RecordFile {
  readonly #file: FileHandle
  readonly #timer: NodeJS.Timeout
  #waiting: string[] = []
  #writing: Promise<void> = Promise.resolve()
  #failure: unknown

  private constructor(file: FileHandle) {
    this.#file = file
    this.#timer = setInterval(() => this.#flush(), flushEveryMs)
  }

  static async create(path: string): Promise<RecordFile> {
    return new RecordFile(await open(path, "w"))
  }

  append(record: object): void {
    this.#waiting.push(`${JSON.stringify(record)}\n`)
  }

  /** @throws what went wrong in any write: a record that is not on disk must not pass for one that is. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#flush()
    await this.#writing
    await this.#file.close()
    if (this.#failure !== undefined) throw this.#failure
  }

  #flush(): void {
    if (this.#waiting.length === 0) return
    const text = this.#waiting.join("")
    this.#waiting = []
    this.#writing = this.#writing.then(() => this.#write(text))
  }

  async #write(text: string): Promise<void> {
    try {
      await this.#file.appendFile(text)
    } catch (thrown) {
      this.#failure ??= thrown
    }
  }
}
