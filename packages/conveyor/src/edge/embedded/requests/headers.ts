// Headers on their way through, as text: what belongs to one hop stays behind, what the edge knows is added, and what frames
// the message or says where it goes is written from what was read. Pure; called by the exchange and the upgrade.
import type { ClientRequest } from "../client/client-request.ts"
import { httpDate } from "../client/http-date.ts"
import type { AnswerHead } from "../upstream/answer-head.ts"
import type { Answer } from "../upstream/answer.ts"
import { isLeftBehind } from "./identity.ts"
import type { Identity } from "./identity.ts"
import type { Pin } from "./pin.ts"
import { versionHeader } from "./pin.ts"
import { freshnessFor } from "./freshness.ts"

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
])
/** Where a message ends, where it goes and who sends it is never one hop's affair, whatever a "Connection" header names: a length taken out on such a word would make of the body the next request. */
const ofTheWholeWay = new Set(["content-length", "host", "trailer", "expect", "cookie", "authorization", "set-cookie", "cache-control"])
/** Written anew by the edge, from what it has read. */
const rewritten = new Set(["host", "content-length", versionHeader, "x-conveyor-shadow"])
const rewrittenInAnswers = new Set(["content-length", versionHeader, "x-conveyor-rescued"])

/** All lines for the copy but the ones that frame the body. */
export function requestFields({ head }: ClientRequest, identity: Identity): string {
  let text = head.authority === undefined ? "" : `Host: ${head.authority}\r\n`
  const { raw, names } = head.fields
  const named = namesOf(head.fields.get("connection"))
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? ""
    if (
      hopByHop.has(name) ||
      rewritten.has(name) ||
      isNamed(named, name) ||
      isLeftBehind(name, identity) ||
      (name === "expect" && !head.expectsContinue)
    )
      continue
    text += `${raw[2 * i]}: ${raw[2 * i + 1]}\r\n`
  }
  return text + identity.fields
}

export interface Answerer {
  version: string
  /** The version that should have answered, and failed. */
  insteadOf?: string
  /** Lines that tell a document's page who it is. */
  pageFields: string
}

/** All lines for the client but the ones that frame the body and keep the connection. */
export function answerFields(
  answer: Answer,
  pin: Pin,
  { version, insteadOf, pageFields }: Answerer,
  trailers: "passed" | "dropped",
): string {
  let [text, isDated] = ["", false]
  const freshness = freshnessOf(answer, pin)
  const { rawHeaders } = answer
  const named = namesOf(answer.connection)
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? "").toLowerCase()
    if (hopByHop.has(name) || rewrittenInAnswers.has(name) || isNamed(named, name)) continue
    if (name === "date") isDated = true
    else if ((name === "trailer" && trailers === "dropped") || (name === "cache-control" && freshness !== undefined)) continue
    text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  }
  if (!isDated) text += `Date: ${httpDate(Date.now())}\r\n`
  text += `${versionHeader}: ${version}\r\n`
  if (insteadOf !== undefined) text += `x-conveyor-rescued: ${insteadOf}\r\n`
  if (freshness !== undefined) text += `Cache-Control: ${freshness}\r\n`
  // What a page's script asks for differs by the version that it names, and so does what a cache may give it.
  return pin.kind === "document" ? text + pageFields : `${text}Vary: ${versionHeader}\r\n`
}

function freshnessOf(answer: Answer, pin: Pin): string | undefined {
  const isDated = answer.header("last-modified") !== undefined || answer.header("expires") !== undefined
  return freshnessFor(pin, { cacheControl: answer.header("cache-control"), isDated })
}

/** Of a head before the answer proper. */
export function interimFields({ rawHeaders, connection }: AnswerHead): string {
  let text = ""
  const named = namesOf(connection)
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? "").toLowerCase()
    if (!hopByHop.has(name) && name !== "content-length" && !isNamed(named, name)) text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  }
  return text
}

function namesOf(connection: string | undefined): string[] | undefined {
  if (connection === undefined || /^(?:keep-alive|close)$/i.test(connection)) return undefined
  return connection.split(",").map((name) => name.trim().toLowerCase())
}

function isNamed(named: string[] | undefined, name: string): boolean {
  return named !== undefined && named.includes(name) && !ofTheWholeWay.has(name)
}
