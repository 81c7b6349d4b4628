// Reads one file in a thread of its own and ends. Started by import-reader.ts, which says how long and with how much memory.
import { parentPort, workerData } from "node:worker_threads"
import { Refusal } from "@florist/kit/refusal"
import { readRows } from "./import-file.ts"
import type { ImportFile } from "./import-file.ts"

export type ReadFile = { rows: string[][] } | { problem: { detail: string; pointer: string } }

const read = async (): Promise<ReadFile> => {
  try {
    return { rows: await readRows(workerData as ImportFile) }
  } catch (cause) {
    const [problem] = cause instanceof Refusal ? cause.problems : []
    if (problem === undefined) throw cause
    return {
      problem: {
        detail: problem.detail,
        pointer: problem.source !== undefined && "pointer" in problem.source ? problem.source.pointer : "/file",
      },
    }
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
parentPort?.postMessage(await read())
