// What the edge itself says when no copy can answer: JSON with a stable code, what happened and what to do next.
// Called by the proxy and the tunnel.
import type { ServerResponse } from "node:http"

export interface EdgeAnswer {
  status: number
  code: string
  what: string
  next: string
}

export const edgeAnswers = {
  noTable: {
    status: 503,
    code: "no-routing-table",
    what: "The edge has not been told where to send requests.",
    next: "Start the conveyor and release a version; then try again.",
  },
  noRoute: { status: 404, code: "no-route", what: "No service takes this path.", next: "Look at the routes in conveyor.yml." },
  noCopy: {
    status: 502,
    code: "no-copy-reachable",
    what: "No copy of the service could be reached; nothing of the request was processed.",
    next: "Try again in a moment.",
  },
  brokeOff: {
    status: 502,
    code: "copy-broke-off",
    what: "The copy broke off before it answered; the request may have been processed.",
    next: "Look whether it took effect before you send it again.",
  },
  timedOut: {
    status: 504,
    code: "copy-timed-out",
    what: "The copy did not answer in time; the request may still be processed.",
    next: "Look whether it took effect before you send it again.",
  },
  tooLarge: {
    status: 413,
    code: "body-too-large",
    what: "The request's body is larger than the edge lets through.",
    next: "Send less at once.",
  },
  unknownCoding: {
    status: 501,
    code: "unknown-transfer-coding",
    what: "The request's body has a transfer coding that the edge does not read.",
    next: 'Send it with "Transfer-Encoding: chunked" alone, or with its length.',
  },
  unknownVersion: {
    status: 505,
    code: "unknown-http-version",
    what: "The edge speaks HTTP/1.1 and HTTP/1.0.",
    next: "Send the request as HTTP/1.1.",
  },
  badRequest: {
    status: 400,
    code: "bad-request",
    what: "The request could be read in two ways, or not at all.",
    next: "Send one Host header with a host and perhaps a port, and one length of the body.",
  },
  failed: { status: 500, code: "edge-failed", what: "The edge could not handle this request.", next: "Look at the edge's log." },
  notOurs: {
    status: 404,
    code: "no-such-page",
    what: "The edge has nothing at this path.",
    next: "It serves /.conveyor/client.js and /.conveyor/events.",
  },
  badPage: {
    status: 400,
    code: "bad-page",
    what: "A notice channel needs the parameters version and page.",
    next: "Open /.conveyor/events?version=v1&page=<id of 8 to 64 letters, digits and dashes>.",
  },
} as const satisfies Record<string, EdgeAnswer>

export function bodyOf({ code, what, next }: EdgeAnswer): string {
  return `${JSON.stringify({ code, what, next })}\n`
}

/** Answers where that is still possible; a head already sent can only be broken off, visibly. */
export function answerWith(response: ServerResponse, answer: EdgeAnswer, headers: Readonly<Record<string, string>> = {}): void {
  if (response.destroyed) return
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = bodyOf(answer)
  response.writeHead(answer.status, {
    ...headers,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  })
  response.end(body)
}
