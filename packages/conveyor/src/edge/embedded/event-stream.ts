// An event stream (SSE) that a copy sends: it is closed with a reason at its version's deadline. Called by the exchange.
import type { IncomingMessage, ServerResponse } from "node:http"
import type { LastingStreams } from "./lasting-streams.ts"

/** Keeps an eye on the stream that is being piped; its client hears an event before the end, if the stream stands between two events. */
export function passEvents(answer: IncomingMessage, response: ServerResponse, version: string, lasting: LastingStreams): void {
  const readable = answer.headers["content-encoding"] === undefined && answer.headers["content-length"] === undefined
  let tail = "\n\n"
  answer.on("data", (chunk: Buffer) => {
    tail = (tail + chunk.subarray(-4).toString("latin1")).slice(-4)
  })
  const leave = lasting.add(version, (reason) => {
    answer.unpipe(response)
    answer.destroy()
    const betweenEvents = /(\r\n|\r|\n)(\r\n|\r|\n)$/.test(tail)
    if (readable && betweenEvents) response.write(`event: conveyor-close\ndata: ${JSON.stringify({ reason })}\n\n`)
    response.end()
  })
  response.once("close", leave)
}
