// Holds one event stream open and says how it ended. Called by the notice channel and by stream sessions.
import { performance } from "node:perf_hooks"
import type { Failure } from "./perform.ts"
import { judgeStatus } from "./perform.ts"
import type { ServerSentEvent } from "./sse-parser.ts"
import { SseParser } from "./sse-parser.ts"
import { Connection } from "./wire/connection.ts"
import type { AnswerHead } from "./wire/answer-parser.ts"

export interface EventStreamOptions {
  target: URL
  path: string
  headers?: Readonly<Record<string, string>>
  silentForMs: number
  opened: (head: AnswerHead, latencyMs: number) => void
  event: (event: ServerSentEvent) => void
  signal: AbortSignal
}

/** `refused` never opened; `ended` did, cleanly or not; `left` was closed from this side. */
export type StreamEnd = { refused: Failure; latencyMs: number } | { ended: Failure | "cleanly" } | "left"

export async function holdEventStream({
  target,
  path,
  headers,
  silentForMs,
  opened,
  event,
  signal,
}: EventStreamOptions): Promise<StreamEnd> {
  if (signal.aborted) return "left"
  const startedAt = performance.now()
  const connection = new Connection(target, { gone: () => {}, unasked: () => {} })
  const leave = () => connection.close()
  signal.addEventListener("abort", leave)

  const parser = new SseParser()
  let status: number | undefined
  const outcome = await connection.send(
    { method: "GET", path, headers: { accept: "text/event-stream", "cache-control": "no-cache", ...headers } },
    { ms: silentForMs, since: "last-byte" },
    {
      head: (head) => {
        status = head.status
        if (status === 200) opened(head, performance.now() - startedAt)
      },
      chunk: (chunk) => {
        if (status === 200) parser.push(chunk).forEach(event)
      },
    },
  )
  signal.removeEventListener("abort", leave)
  connection.close()

  if ("abandoned" in outcome) return "left"
  const latencyMs = performance.now() - startedAt
  if ("broken" in outcome) {
    const { kind, detail } = outcome.broken
    return status === 200 ? { ended: { kind, detail } } : { refused: { kind, detail }, latencyMs }
  }
  const failure = judgeStatus(outcome.answer, [200])
  return failure === undefined ? { ended: "cleanly" } : { refused: failure, latencyMs }
}
