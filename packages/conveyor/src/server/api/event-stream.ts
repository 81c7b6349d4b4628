// The hub's events as one HTTP answer: server-sent events, until the follower goes or reads too slowly. Called by the API.
import type { ServerResponse } from "node:http"
import type { EventHub } from "./events.ts"

const heartbeatMs = 10_000
/** What is kept for a follower that does not read; past it the answer ends, and it can resume with Last-Event-ID. */
const mostUnreadBytes = 4_000_000

export function streamEvents(response: ServerResponse, hub: EventHub, after: string | undefined): void {
  const gone = new AbortController()
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
  response.flushHeaders()
  const write = (text: string) => {
    response.write(text)
    if (response.writableLength > mostUnreadBytes) response.destroy()
  }
  const heartbeat = setInterval(() => write(": still here\n\n"), heartbeatMs)
  response.on("close", () => {
    clearInterval(heartbeat)
    gone.abort()
  })
  hub.follow((event) => write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`), gone.signal, after)
}
