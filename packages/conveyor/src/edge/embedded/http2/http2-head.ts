// The head of a request over HTTP/2, read by the same strict reader as one over HTTP/1.1: it is written as that, since a copy hears
// it as that. What could become another line, or frame the body anew, is refused. Pure; called by the client's stream.
import { randomBytes } from "node:crypto"
import { BadRequest, readRequestHead } from "../client/request-head.ts"
import type { HeadLimits, RequestHead } from "../client/request-head.ts"

export interface Http2Limits extends HeadLimits {
  maxHeaderBytes: number
}

/** What HTTP/2 says in other ways, or not at all. */
const ofHttp1Alone = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings"])
const lineBreaking = /[\0\r\n]/
/** RFC 7541 counts so much for each field beside its name and value. */
const overheadBytes = 32

/** `raw` has names and values in turn, pseudo-headers among them. @throws BadRequest */
export function readHttp2Head(raw: readonly string[], body: "none" | "follows", limits: Http2Limits): RequestHead {
  const pseudo = new Map<string, string>()
  const [lines, cookies]: [string[], string[]] = [[], []]
  let [bytes, hasLength] = [0, false]
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = "", value = ""] = [raw[i], raw[i + 1]]
    bytes += name.length + value.length + overheadBytes
    if (lineBreaking.test(name) || lineBreaking.test(value)) throw bad("a header breaks its line")
    if (name.startsWith(":")) pseudo.set(name, value)
    else if (ofHttp1Alone.has(name)) throw bad(`${name} says nothing in HTTP/2`)
    else if (name === "te" && value !== "trailers") throw bad("te says more than trailers")
    else if (name === "cookie") cookies.push(value)
    else if (name !== "host") lines.push(`${name}: ${value}\r\n`)
    else if (pseudo.has(":authority") && pseudo.get(":authority") !== value) throw bad("host and :authority differ")
    else pseudo.set(":authority", value)
    if (name === "content-length") hasLength = true
    if (name === "content-length" && body === "none" && value !== "0") throw bad("a length is said, and no body follows")
  }
  if (bytes > limits.maxHeaderBytes) throw new BadRequest("headTooLarge", "the headers are too long")
  // Clients may say a cookie in pieces; in HTTP/1.1 it is one line.
  if (cookies.length > 0) lines.push(`cookie: ${cookies.join("; ")}\r\n`)
  if (body === "follows" && !hasLength) lines.push("transfer-encoding: chunked\r\n")
  return readRequestHead(`${requestLine(pseudo)}${lines.join("")}`, limits)
}

/** RFC 8441: a WebSocket begins with a CONNECT that names it; to a copy it is the GET of HTTP/1.1. */
function requestLine(pseudo: ReadonlyMap<string, string>): string {
  const [method, path, authority] = [pseudo.get(":method"), pseudo.get(":path"), pseudo.get(":authority")]
  const isWebSocket = method === "CONNECT" && pseudo.get(":protocol") === "websocket"
  if (method === "CONNECT" && !isWebSocket) throw new BadRequest("refusedMethod", "CONNECT is not carried")
  if (path === undefined || authority === undefined) throw bad("there is no path, or no authority")
  if (!path.startsWith("/") && path !== "*") throw bad("the path is none")
  const line = `${isWebSocket ? "GET" : method} ${path} HTTP/1.1\r\nhost: ${authority}\r\n`
  return isWebSocket
    ? `${line}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: ${randomBytes(16).toString("base64")}\r\n`
    : line
}

const bad = (why: string) => new BadRequest("badRequest", why)
