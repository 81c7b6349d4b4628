// Headers on their way through: what belongs to one hop stays behind, what the edge knows is added. Pure; called by the
// proxy and the tunnel with flat lists of names and values, as Node reads and writes them without a copy.
import type { IncomingMessage } from "node:http"
import type { TLSSocket } from "node:tls"
import type { Pin } from "./pin.ts"
import { versionCookie, versionHeader } from "./pin.ts"
import type { EdgeSettings } from "../settings.ts"
import type { Answer } from "../upstream/answer.ts"

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "transfer-encoding",
  "upgrade",
])
/** Where a message ends and where it goes is never one hop's affair, whatever a "Connection" header names: a length taken out on such a word would make of the body the next request. */
const ofTheWholeWay = new Set([
  "content-length",
  "host",
  "trailer",
  "expect",
  "cookie",
  "authorization",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
])
const ownOfTheEdge = new Set([versionHeader, "x-conveyor-rescued"])
const saidByTheEdge = new Set([versionHeader, "host", "content-length", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-for"])

/** All but what frames the body, which is its sender's to say. */
export function requestHeaders(request: IncomingMessage, forwardedFor: EdgeSettings["forwardedFor"]): string[] {
  const authority = authorityOf(request)
  const headers = authority === undefined ? [] : ["Host", authority]
  headers.push(...passedOn(request.rawHeaders, request.headers.connection, saidByTheEdge))
  const client = request.socket.remoteAddress ?? "unknown"
  const said = forwardedFor === "append" ? request.headers : {}
  const [chain, host] = [said["x-forwarded-for"], said["x-forwarded-host"] ?? authority]
  headers.push("x-forwarded-for", chain === undefined ? client : `${String(chain)}, ${client}`)
  headers.push("x-forwarded-proto", String(said["x-forwarded-proto"] ?? protocolOf(request)))
  if (host !== undefined) headers.push("x-forwarded-host", String(host))
  return headers
}

export interface Answerer {
  version: string
  /** The version that should have answered, and failed. */
  insteadOf?: string
}

export function answerHeaders(answer: Answer, pin: Pin, { version, insteadOf }: Answerer): string[] {
  const headers = passedOn(answer.rawHeaders, answer.connection, ownOfTheEdge)
  headers.push(versionHeader, version)
  if (insteadOf !== undefined) headers.push("x-conveyor-rescued", insteadOf)
  if (pin.kind === "document") {
    headers.push("set-cookie", `${versionCookie}=${version}; Path=/; SameSite=Lax`)
    // The cookie is shared by all tabs; this entry belongs to the one document, and its script can read it.
    headers.push("server-timing", `conveyor;desc="${version}"`)
  }
  return headers
}

/** Names and values of a flat list in pairs, as a trailer writer takes them. */
export function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = []
  for (let i = 0; i + 1 < flat.length; i += 2) result.push([flat[i] ?? "", flat[i + 1] ?? ""])
  return result
}

/** Takes the header, named in small letters, out of a flat list. */
export function takeOut(flat: string[], name: string): void {
  for (let i = flat.length - 2; i >= 0; i -= 2) if (flat[i]?.toLowerCase() === name) flat.splice(i, 2)
}

function passedOn(raw: readonly string[], connection: string | undefined, left: ReadonlySet<string>): string[] {
  const namedByConnection = connectionNames(connection)
  const headers: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name, value] = [raw[i] ?? "", raw[i + 1] ?? ""]
    const lower = name.toLowerCase()
    if (hopByHop.has(lower) || left.has(lower) || (namedByConnection?.includes(lower) === true && !ofTheWholeWay.has(lower))) continue
    headers.push(name, value)
  }
  return headers
}

function connectionNames(connection: string | undefined): string[] | undefined {
  if (connection === undefined || /^(keep-alive|close)$/i.test(connection)) return undefined
  return connection.split(",").map((name) => name.trim().toLowerCase())
}

/** The absolute form of a target says the host, whatever the Host header does (RFC 9112, 3.2.2). */
function authorityOf({ url, headers }: IncomingMessage): string | undefined {
  return /^https?:\/\/([^/?#]*)/i.exec(url ?? "")?.[1] ?? headers.host
}

function protocolOf(request: IncomingMessage): "http" | "https" {
  return (request.socket as Partial<TLSSocket>).encrypted === true ? "https" : "http"
}
