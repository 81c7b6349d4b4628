// An answer that comes line by line, each a JSON object: no faster than it is read. Begun by whatever streams one.
import { once } from "node:events"
import type { ServerResponse } from "node:http"

/** Sends the head, and gives what sends a line. That rejects with the signal's reason where the asker reads no more. */
export function beginJsonLines(response: ServerResponse, signal: AbortSignal): (line: object) => Promise<void> {
  response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders()
  return async (line) => {
    if (!response.write(`${JSON.stringify(line)}\n`)) await once(response, "drain", { signal })
  }
}
