// The room on disk for answers whose clients read slowly: how much all of them may take, and files that nobody else can open
// and no crash can leave behind. Made by the edge process; asked by slow readers.
import { constants } from "node:fs"
import { mkdir, open, statfs, unlink } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { join } from "node:path"

/** Of what is free on the disk, others' work comes first. */
const shareOfFreeDisk = 0.5

export class Spools {
  #directory: string
  #bytesAtMost: number
  #taken = 0
  #open = 0
  #opened = 0
  #room: number

  /** `bytesAtMost` for all together. */
  constructor(directory: string, bytesAtMost: number) {
    this.#directory = directory
    this.#bytesAtMost = bytesAtMost
    this.#room = bytesAtMost
  }

  /** Answers that wait on disk, whole or in part. */
  get open(): number {
    return this.#open
  }

  get taken(): number {
    return this.#taken
  }

  /** Undefined where the disk gives none: the copy then waits for the client. */
  async openFile(): Promise<SpoolFile | undefined> {
    if (this.#bytesAtMost === 0) return undefined
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 })
      const { bavail, bsize } = await statfs(this.#directory)
      this.#room = Math.min(this.#bytesAtMost, this.#taken + bavail * bsize * shareOfFreeDisk)
      const path = join(this.#directory, `${process.pid}-${this.#opened++}`)
      const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
      await unlink(path)
      this.#open++
      return new SpoolFile(handle, this)
    } catch {
      return undefined
    }
  }

  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#room) return false
    this.#taken += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes
  }

  closed(): void {
    this.#open--
  }
}

/** One answer's part on disk: written at its end, read from its beginning. */
export class SpoolFile {
  #handle: FileHandle
  #spools: Spools
  #written = 0
  #read = 0
  #isClosed = false

  constructor(handle: FileHandle, spools: Spools) {
    this.#handle = handle
    this.#spools = spools
  }

  /** Bytes that are written and not read. */
  get unread(): number {
    return this.#written - this.#read
  }

  /** False where there is no room for it, and nothing of it is kept. */
  async append(chunk: Buffer): Promise<boolean> {
    if (!this.#spools.take(chunk.length)) return false
    const at = this.#written
    try {
      for (let done = 0; done < chunk.length;) {
        done += (await this.#handle.write(chunk, done, chunk.length - done, at + done)).bytesWritten
      }
    } catch {
      this.#spools.giveBack(chunk.length)
      return false
    }
    this.#written = at + chunk.length
    return true
  }

  async take(bytesAtMost: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(Math.min(bytesAtMost, this.unread))
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#read)
    if (bytesRead === 0) throw new Error("a spooled answer is shorter than it was")
    this.#read += bytesRead
    if (this.unread === 0) this.#beginAnew()
    return buffer.subarray(0, bytesRead)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#beginAnew()
    this.#spools.closed()
    await this.#handle.close().catch(() => {})
  }

  #beginAnew(): void {
    this.#spools.giveBack(this.#written)
    this.#written = this.#read = 0
  }
}
