// What the edge itself says when no copy can answer: JSON with a stable code, what happened and what to do next.
// Called by the proxy and the tunnel.
import { STATUS_CODES } from "node:http"
import type { ClientResponse } from "../client/client-response.ts"
import { httpDate } from "../client/http-date.ts"
import type { EdgeSettings } from "../settings.ts"

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
  wrongHost: {
    status: 421,
    code: "unknown-host",
    what: "No application here is for this host.",
    next: "Look at the hosts of the routes in conveyor.yml, and where the host's name leads.",
  },
  noSuchHost: {
    status: 404,
    code: "unknown-host",
    what: "No application here is for this host.",
    next: "Look at the hosts of the routes in conveyor.yml, and where the host's name leads.",
  },
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
  headTooLarge: {
    status: 431,
    code: "head-too-large",
    what: "The request's headers are more or longer than the edge lets through.",
    next: "Send fewer or shorter headers; a large cookie is the usual cause.",
  },
  refusedMethod: {
    status: 405,
    code: "refused-method",
    what: "The edge carries neither CONNECT nor TRACE.",
    next: "Use another method.",
  },
  unknownExpectation: {
    status: 417,
    code: "unknown-expectation",
    what: 'The edge knows no expectation but "100-continue".',
    next: "Send the request without Expect.",
  },
  tooSlow: {
    status: 408,
    code: "request-too-slow",
    what: "The request did not come within its time; nothing of it is kept.",
    next: "Send it again over a better connection.",
  },
  notWhole: {
    status: 400,
    code: "request-not-whole",
    what: "The client closed the connection before its request was whole.",
    next: "Send the whole body before you close.",
  },
  retired: {
    status: 503,
    code: "version-retired",
    what: "The version that had this request was retired before it answered; the request may have been processed.",
    next: "Look whether it took effect before you send it again.",
  },
  overloaded: {
    status: 503,
    code: "overloaded",
    what: "The edge has as much under way as it can carry; nothing of the request was processed.",
    next: "Try again in a moment.",
  },
  tooManyAtOnce: {
    status: 429,
    code: "too-many-at-once",
    what: "This client has as many requests or event streams under way as one client may; nothing of the request was processed.",
    next: "Wait for the others to end.",
  },
  failed: { status: 500, code: "edge-failed", what: "The edge could not handle this request.", next: "Look at the edge's log." },
  notOurs: {
    status: 404,
    code: "no-such-page",
    what: "The edge has nothing at this path.",
    next: "It serves /.conveyor/client.js, notice.js, forms.js, channel.js and events.",
  },
  badPage: {
    status: 400,
    code: "bad-page",
    what: "A notice channel needs the pages that it is for.",
    next: "Open /.conveyor/events?page=<version>~<id>, with both as the Server-Timing header of the page says them; up to 64 pages on one channel.",
  },
} as const satisfies Record<string, EdgeAnswer>

export type WhyRefused = "noTable" | "noRoute" | "wrongHost" | "noSuchHost"

export function whyRefused(refused: "no-table" | "no-host" | "no-route", { unknownHost }: Pick<EdgeSettings, "unknownHost">): WhyRefused {
  if (refused === "no-host") return unknownHost === "misdirected" ? "wrongHost" : "noSuchHost"
  return refused === "no-table" ? "noTable" : "noRoute"
}

export function bodyOfAnswer({ code, what, next }: EdgeAnswer): string {
  return `${JSON.stringify({ code, what, next })}\n`
}

export function headAndBodyOf(answer: EdgeAnswer, fields: string): string {
  const body = bodyOfAnswer(answer)
  return `HTTP/1.1 ${answer.status} ${reasonOf(answer)}\r\n${fieldsOfAnswer(answer)}${fields}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** Answers where that is still possible; a head already sent can only be broken off, visibly. */
export function answerWith(response: ClientResponse, answer: EdgeAnswer, fields = "", connection: "kept" | "closed" = "kept"): void {
  if (response.isOver) return
  if (response.hasBegun) return response.destroy()
  const head = { status: answer.status, statusText: reasonOf(answer), fields: fieldsOfAnswer(answer) + fields, connection }
  response.whole(head, Buffer.from(bodyOfAnswer(answer)))
}

const reasonOf = ({ status }: EdgeAnswer) => STATUS_CODES[status] ?? "Refused"
const retryFields = "Retry-After: 1\r\n"

export function fieldsOfAnswer({ status }: EdgeAnswer): string {
  const retry = status === 503 || status === 429 ? retryFields : ""
  return `Date: ${httpDate(Date.now())}\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n${retry}`
}
