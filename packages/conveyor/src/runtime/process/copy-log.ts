// The output of one copy, read from its file line by line, from its end or from where a reader has got to; with bounded
// memory, whatever was printed. Called by the process runtime.
import { open } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import type { Clock } from "../../kernel/time/clock.ts"
import type { LogLine } from "../runtime.ts"

const chunkBytes = 64 * 1_024
/** What is longer is told in pieces. */
const longestLine = 64 * 1_024
/** Nobody reads further back than this for the newest lines. */
const furthestBack = 16 * 1_048_576
const lookEveryMs = 200

export interface CopyLogOptions {
  since: string | undefined
  last: number | undefined
  /** Asked when everything was read: whether more can come. */
  mayGoOn: () => Promise<boolean>
  clock: Clock
  signal: AbortSignal
}

export async function* readCopyLog(file: string, { since, last, mayGoOn, clock, signal }: CopyLogOptions): AsyncGenerator<LogLine> {
  let at: number | undefined
  for (;;) {
    signal.throwIfAborted()
    // Asked before the last reading, so that nothing is missed that was printed before the end.
    const goesOn = await mayGoOn()
    const handle = await open(file, "r").catch(absent)
    if (handle !== undefined) {
      try {
        at ??= since === undefined ? await startOfLast(handle, last) : positionOf(since)
        for await (const line of linesFrom(handle, at, goesOn ? "whole" : "any")) {
          at = positionOf(line.next)
          yield line
        }
      } finally {
        await handle.close()
      }
    }
    if (!goesOn) return
    await clock.sleep(lookEveryMs, signal)
  }
}

/** A line without its end is told only where nothing can follow it. */
async function* linesFrom(handle: FileHandle, from: number, ending: "whole" | "any"): AsyncGenerator<LogLine> {
  const chunk = Buffer.alloc(chunkBytes)
  let [left, at, read] = [Buffer.alloc(0), from, from]
  const line = (bytes: Buffer, length: number): LogLine => {
    at += length
    return { text: bytes.toString("utf8").replace(/\r$/, ""), next: String(at) }
  }
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunkBytes, read)
    if (bytesRead === 0) break
    read += bytesRead
    left = Buffer.concat([left, chunk.subarray(0, bytesRead)])
    for (let end = left.indexOf(10); end >= 0 || left.length >= longestLine; end = left.indexOf(10)) {
      const isPiece = end < 0 || end > longestLine
      yield isPiece ? line(left.subarray(0, longestLine), longestLine) : line(left.subarray(0, end), end + 1)
      left = left.subarray(isPiece ? longestLine : end + 1)
    }
  }
  if (left.length > 0 && ending === "any") yield line(left, left.length)
}

async function startOfLast(handle: FileHandle, last: number | undefined): Promise<number> {
  if (last === undefined) return 0
  const { size } = await handle.stat()
  const chunk = Buffer.alloc(chunkBytes)
  const furthest = Math.max(0, size - furthestBack)
  let wanted = last + 1
  for (let end = size; end > furthest;) {
    const start = Math.max(furthest, end - chunkBytes)
    const { bytesRead } = await handle.read(chunk, 0, end - start, start)
    for (let i = bytesRead - 1; i >= 0; i--) {
      // The newest line's own end closes none before it.
      if (chunk[i] !== 10 || start + i === size - 1) continue
      if (--wanted === 1) return start + i + 1
    }
    end = start
  }
  return furthest
}

function positionOf(text: string): number {
  const at = Number(text)
  return Number.isSafeInteger(at) && at >= 0 ? at : 0
}

function absent(thrown: unknown): undefined {
  if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined
  throw thrown
}
