// An event stream (SSE) that a copy sends: it is closed with a reason at its version's deadline. Called by the exchange.
import type { ClientResponse } from "../client/client-response.ts"
import type { LastingStreams } from "./lasting-streams.ts"
import type { Answer, AnswerSink } from "../upstream/answer.ts"

/** A sink that keeps an eye on the stream; its client hears an event before the end, if the stream stands between two events. */
export function watchEvents(
  sink: AnswerSink,
  answer: Answer,
  response: ClientResponse,
  version: string,
  lasting: LastingStreams,
): AnswerSink {
  const readable = answer.header("content-encoding") === undefined && answer.header("content-length") === undefined
  let tail = "\n\n"
  const leave = lasting.add(version, (reason) => {
    answer.cancel()
    const betweenEvents = /(\r\n|\r|\n)(\r\n|\r|\n)$/.test(tail)
    if (readable && betweenEvents) response.write(Buffer.from(`event: conveyor-close\ndata: ${JSON.stringify({ reason })}\n\n`))
    response.end([])
  })
  response.onceClosed(leave)
  return {
    ...sink,
    data(chunk) {
      tail = (tail + chunk.subarray(-4).toString("latin1")).slice(-4)
      return sink.data(chunk)
    },
  }
}
