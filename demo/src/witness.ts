// The witness as a process of its own, so that its load does not share a core with the demo's own work.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import type { WitnessResult } from "@conveyor/witness/result"
import type { AcknowledgedWrite } from "./lookup.ts"

const main = resolve(import.meta.dirname, "../../packages/witness/src/main.ts")
const scenario = resolve(import.meta.dirname, "traffic.ts")

export interface WitnessStart {
  target: string
  rate: number
  pages: number
  shops: number
  directory: string
  /** Makes the ids of its payments: no two witnesses of one platform may share it. */
  seed: number
  /** A line a second. */
  onLine: (line: string) => void
}

export type RecordedWrite = AcknowledgedWrite & { at: number; version: string }

export class Witness {
  readonly #child: ChildProcess
  readonly #directory: string
  #lastWords = ""

  constructor({ target, rate, pages, shops, directory, seed, onLine }: WitnessStart) {
    this.#directory = directory
    const argv = [
      main,
      "--target",
      target,
      "--scenario",
      scenario,
      "--rate",
      String(rate),
      "--pages",
      String(pages),
      "--out",
      directory,
      "--seed",
      String(seed),
    ]
    // In a group of its own: Ctrl-C at the terminal is for the demo, which ends the witness in its turn.
    this.#child = spawn(process.execPath, argv, {
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
      env: { ...process.env, FLORIST_SHOPS: String(shops) },
    })
    createInterface({ input: this.#child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      this.#lastWords = line
      onLine(line)
    })
  }

  /** Every write acknowledged so far. */
  async acknowledged(): Promise<RecordedWrite[]> {
    const text = await readFile(join(this.#directory, "acknowledged.ndjson"), "utf8")
    const whole = text.slice(0, text.lastIndexOf("\n") + 1)
    return whole
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as RecordedWrite)
  }

  /** Lets outstanding requests end; gives what was seen. */
  async finish(): Promise<WitnessResult> {
    await this.stop()
    const text = await readFile(join(this.#directory, "result.json"), "utf8").catch((cause: unknown) => {
      throw new Error(`The witness left no result; its last words: ${this.#lastWords}`, { cause })
    })
    return JSON.parse(text) as WitnessResult
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, "exit")
    this.#child.kill("SIGTERM")
    await gone
  }
}
