// What a command prints, in three forms: whole in a file that turns over, paced for those who watch, and the last lines
// for the error. Called by the command, once for each run.
import type { Readable } from "node:stream"
import { LogSink } from "../../../kernel/disk/log-sink.ts"
import { Lines } from "./lines.ts"
import { PacedLines } from "./paced-lines.ts"

const tailLines = 30
const tailBytes = 16 * 1024

export interface OutputOptions {
  logFile: string
  onLine: (line: string) => void
  now: () => number
}

export class CommandOutput {
  readonly #file: LogSink
  readonly #paced: PacedLines
  readonly #tail: string[] = []

  constructor({ logFile, onLine, now }: OutputOptions) {
    this.#file = new LogSink(logFile)
    this.#paced = new PacedLines(onLine, now)
  }

  /** Reads a stream to its end, or until it is destroyed. */
  async read(stream: Readable): Promise<void> {
    const lines = new Lines((line) => this.#line(line))
    stream.on("data", (chunk: Buffer) => {
      this.#file.write(chunk)
      lines.push(chunk)
    })
    stream.on("error", () => {})
    await new Promise<void>((resolve) => stream.once("close", resolve))
    lines.end()
  }

  /** A line of our own among those of the command. */
  say(line: string): void {
    this.#file.write(`${line}\n`)
    this.#line(line)
  }

  close(): void {
    this.#paced.end()
    this.#file.close()
  }

  /** The last lines, as many as a person reads. */
  get tail(): string {
    const text = this.#tail.join("\n")
    return text.length > tailBytes ? `… ${text.slice(-tailBytes)}` : text
  }

  #line(line: string): void {
    this.#tail.push(line)
    if (this.#tail.length > tailLines) this.#tail.shift()
    this.#paced.push(line)
  }
}
