// Where log lines go: a file that turns over at a size, or standard error. Nothing that happens to it (no room, no
// inodes, no handles, a closed pipe) reaches whoever logs; what was lost is counted and said once writing works again.
// Called by the logger.
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import type { DestinationStream } from "pino"
import { describe } from "../errors/errors.ts"

const turnsOverAtBytes = 16 * 1024 * 1024
const standardError = 2

export class LogSink implements DestinationStream {
  readonly #file: string | undefined
  readonly #turnsOverAt: number
  #descriptor: number | undefined
  #size = 0
  #lost: { lines: number; cause: string } | undefined

  /** `turnsOverAt` in bytes: the file becomes `<file>.1`, taking the place of the one before, and a new one begins. */
  constructor(file: string | undefined, turnsOverAt = turnsOverAtBytes) {
    this.#file = file
    this.#turnsOverAt = turnsOverAt
  }

  write(line: string | Uint8Array): void {
    try {
      const descriptor = this.#open()
      if (this.#lost !== undefined) this.#put(descriptor, this.#lostLine(this.#lost))
      this.#lost = undefined
      this.#put(descriptor, line)
    } catch (thrown) {
      this.#lost = { lines: (this.#lost?.lines ?? 0) + 1, cause: describe(thrown) }
    }
  }

  close(): void {
    if (this.#descriptor !== undefined && this.#file !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #open(): number {
    if (this.#file === undefined) return standardError
    if (this.#descriptor !== undefined && this.#size >= this.#turnsOverAt) {
      renameSync(this.#file, `${this.#file}.1`)
      this.close()
    }
    if (this.#descriptor === undefined) {
      mkdirSync(dirname(this.#file), { recursive: true })
      this.#descriptor = openSync(this.#file, "a", 0o600)
      this.#size = fstatSync(this.#descriptor).size
    }
    return this.#descriptor
  }

  #put(descriptor: number, text: string | Uint8Array): void {
    const bytes = typeof text === "string" ? Buffer.from(text) : text
    const written = writeSync(descriptor, bytes)
    this.#size += written
    if (written < bytes.length) throw new Error("ENOSPC: only a part of the line could be written")
  }

  /** Begins on a line of its own: what did not fit may have left half a line. */
  #lostLine({ lines, cause }: { lines: number; cause: string }): string {
    return `\n${JSON.stringify({ level: 40, time: Date.now(), pid: process.pid, lost: lines, cause, msg: "log lines could not be written" })}\n`
  }
}
