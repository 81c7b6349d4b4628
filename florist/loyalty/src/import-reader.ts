// Lets files be read beside requests: one at a time, in a thread with bounds of time and memory, so that no file is dearer than they are. Called when an import is created.
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { Refusal } from "@florist/kit/refusal"
import { unreadable } from "./import-file.ts"
import type { ImportFile } from "./import-file.ts"
import type { ReadFile } from "./import-thread.ts"

export interface ReadingBounds {
  withinMs: number
  memoryMb: number
  /** Files that wait for their turn; the next one is asked to come again. */
  mostWaiting: number
}

const standard: ReadingBounds = { withinMs: 15_000, memoryMb: 384, mostWaiting: 4 }
const threadFile = new URL("import-thread.ts", import.meta.url)

export class ImportReader {
  readonly #bounds: ReadingBounds
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(bounds: Partial<ReadingBounds> = {}) {
    this.#bounds = { ...standard, ...bounds }
  }

  /** @throws Refusal 400 that says what is wrong with the file, 503 where too many wait. */
  async rowsOf(file: ImportFile): Promise<string[][]> {
    if (this.#waiting > this.#bounds.mostWaiting) throw busy()
    this.#waiting++
    const reading = this.#last.then(() => readInThread(file, this.#bounds))
    this.#last = reading.catch(() => {})
    try {
      return await reading
    } finally {
      this.#waiting--
    }
  }
}

async function readInThread(file: ImportFile, { withinMs, memoryMb }: ReadingBounds): Promise<string[][]> {
  const thread = new Worker(threadFile, {
    workerData: file,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 32 },
  })
  try {
    const [answer] = (await once(thread, "message", { signal: AbortSignal.timeout(withinMs) })) as [ReadFile]
    if ("rows" in answer) return answer.rows
    throw unreadable(answer.problem.detail, answer.problem.pointer)
  } catch (cause) {
    throw cause instanceof Refusal ? cause : tooDear(cause, withinMs)
  } finally {
    await thread.terminate()
  }
}

const busy = () =>
  new Refusal([{ status: 503, code: "busy", title: "Busy", detail: "Other files are being read; send this one again in a few seconds." }])

function tooDear(cause: unknown, withinMs: number): unknown {
  const what = { ABORT_ERR: `more than ${withinMs / 1_000} s`, ERR_WORKER_OUT_OF_MEMORY: "too much memory" }[codeOf(cause)]
  return what === undefined
    ? cause
    : unreadable(`Reading the file takes ${what}; split the table, or save it as csv and import that.`, "/file")
}

const codeOf = (cause: unknown) => (cause instanceof Error && "code" in cause ? String(cause.code) : "")
