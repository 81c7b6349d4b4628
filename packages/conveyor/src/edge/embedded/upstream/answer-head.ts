// The head of a copy's answer, read strictly: what two readers could frame differently is an error, never a guess, since
// an answer that ends elsewhere than its copy meant would reach the next user. Pure; called by the answer's reader.
import { seconds } from "../../../kernel/time/duration.ts"
import type { Framing } from "../http1/body-reader.ts"
import { Malformed, lists, readFields } from "../http1/fields.ts"

export interface AnswerHead {
  status: number
  statusText: string
  /** Names and values in turn, as they were sent. */
  rawHeaders: string[]
  /** All of what "Connection" says. */
  connection: string | undefined
  framing: Framing
  /** As the copy says it, of the body or of the one that a GET would have. */
  length: number | undefined
  /** For how long the copy keeps the connection when the answer has ended: 0 not at all, Infinity where it does not say. */
  keepsMs: number
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n/

/** `text` is latin1, from the status line to the end of the last field, with its line break. @throws Malformed */
export function readHead(text: string, method: string): AnswerHead {
  const [line, minor, status, statusText = ""] = statusLine.exec(text) ?? []
  if (line === undefined) throw new Malformed("the answer has no HTTP/1.1 status line")
  const rawHeaders = readFields(text, line.length)
  const said = framingFields(rawHeaders)
  const [code, version] = [Number(status), minor === "1" ? "1.1" : "1.0"] as const
  return {
    status: code,
    statusText,
    rawHeaders,
    connection: said.connection,
    framing: framingOf(said, code, method, version),
    length: said.length === undefined ? undefined : Number(said.length),
    keepsMs: keepsMsOf(said, code, version),
  }
}

interface FramingFields {
  length?: string
  coding?: string
  connection?: string
  keepAlive?: string
}

function framingFields(rawHeaders: readonly string[]): FramingFields {
  const found: FramingFields = {}
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = [rawHeaders[i], rawHeaders[i + 1]]
    // By its length first: nearly every header is another one.
    if (name.length === 14 && name.toLowerCase() === "content-length") found.length = once(found.length, value)
    else if (name.length === 17 && name.toLowerCase() === "transfer-encoding") found.coding = once(found.coding, value)
    else if (name.length === 10 && name.toLowerCase() === "connection") found.connection = joined(found.connection, value)
    else if (name.length === 10 && name.toLowerCase() === "keep-alive") found.keepAlive = joined(found.keepAlive, value)
  }
  return found
}

function once(before: string | undefined, value: string): string {
  if (before !== undefined) throw new Malformed("the answer says its length twice")
  return value
}

const joined = (before: string | undefined, value: string) => (before === undefined ? value : `${before}, ${value}`)

function framingOf({ length, coding }: FramingFields, status: number, method: string, version: "1.0" | "1.1"): Framing {
  if (coding !== undefined && (length !== undefined || version === "1.0" || coding.toLowerCase() !== "chunked")) {
    throw new Malformed("the answer's transfer coding is not chunked alone")
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new Malformed("the answer's length is not a number")
  if (method === "HEAD" || hasNoBody(status)) return { kind: "none" }
  if (coding !== undefined) return { kind: "chunked" }
  return length === undefined ? { kind: "to-close" } : { kind: "length", bytes: Number(length) }
}

const hasNoBody = (status: number) => status < 200 || status === 204 || status === 304

function keepsMsOf({ length, coding, connection, keepAlive }: FramingFields, status: number, version: "1.0" | "1.1"): number {
  if (version === "1.0" || lists(connection, "close")) return 0
  // A length or coding where no body may be: whatever comes next is not to be trusted as an answer.
  if (status === 204 && (coding !== undefined || (length !== undefined && Number(length) > 0))) return 0
  const timeout = keepAlive === undefined ? undefined : /(?:^|[\t ,;])timeout=(\d{1,9})(?:$|[\t ,;])/i.exec(keepAlive)?.[1]
  return timeout === undefined ? Infinity : seconds(Number(timeout))
}
