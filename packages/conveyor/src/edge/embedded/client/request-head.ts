// The head of a client's request, read strictly (RFC 9112): whatever two servers could frame, route or name differently is
// refused, with the answer that says so, before a copy hears of it. Pure; called by the client's connection.
import type { edgeAnswers } from "../requests/answers.ts"
import type { Framing } from "../http1/body-reader.ts"
import { Malformed, lists, readFields } from "../http1/fields.ts"

export class BadRequest extends Error {
  readonly answer: keyof typeof edgeAnswers

  constructor(answer: keyof typeof edgeAnswers, why: string) {
    super(why)
    this.answer = answer
  }
}

export interface RequestHead {
  method: string
  /** Path and query, as the client sent them; "*" for OPTIONS alone. */
  target: string
  /** Of the target where that says one, else of the Host header; undefined where a client of HTTP/1.0 says none. */
  authority: string | undefined
  /** Later versions of HTTP/1 speak as 1.1 does. */
  version: "1.0" | "1.1"
  fields: Fields
  framing: Framing
  /** Whether the client would use the connection again. */
  keepsAlive: boolean
  /** The client holds its body back until it hears "100 Continue". */
  expectsContinue: boolean
  isWebSocketUpgrade: boolean
}

/** The headers of one request, as they were sent. */
export class Fields {
  /** Names and values in turn. */
  readonly raw: readonly string[]
  /** The names in small letters: the first is that of raw[0], the second that of raw[2]. */
  readonly names: readonly string[]

  constructor(raw: readonly string[]) {
    const names: string[] = []
    for (let i = 0; i + 1 < raw.length; i += 2) names.push((raw[i] ?? "").toLowerCase())
    this.raw = raw
    this.names = names
  }

  /** All that was said under the name (in small letters), joined as a list. */
  get(name: string): string | undefined {
    let at = this.names.indexOf(name)
    if (at < 0) return undefined
    let value = this.raw[2 * at + 1] ?? ""
    while ((at = this.names.indexOf(name, at + 1)) >= 0) value += `${name === "cookie" ? "; " : ", "}${this.raw[2 * at + 1]}`
    return value
  }
}

export interface HeadLimits {
  maxHeaders: number
  maxBodyBytes: number
}

const requestLine = /^([A-Z][A-Z_-]{0,31}) ([\x21\x22\x24-\x7e]+) HTTP\/(\d)\.(\d)\r\n/
const absoluteForm = /^(https?):\/\/([^/?]*)(.*)$/i
const host = /^(?:\[[\da-f:.]{2,45}\]|[\w.~!$&'()*+,;=%-]*)(?::(\d{1,5}))?$/i
const length = /^\d+$/
const refusedMethods = new Set(["CONNECT", "TRACE"])

/** `text` is latin1, from the request line to the end of the last field, with its line break. @throws BadRequest */
export function readRequestHead(text: string, limits: HeadLimits): RequestHead {
  const [line, method, rawTarget, major, minor] = requestLine.exec(text) ?? []
  if (line === undefined || method === undefined || rawTarget === undefined) throw new BadRequest("badRequest", "there is no request line")
  if (major !== "1") throw new BadRequest("unknownVersion", `HTTP/${major}.${minor} is not spoken here`)
  if (refusedMethods.has(method)) throw new BadRequest("refusedMethod", `${method} is not carried`)
  const version = minor === "0" ? "1.0" : "1.1"
  const fields = fieldsOf(text, line.length, limits)
  const said = sayings(fields)
  const { target, authority } = targetOf(method, rawTarget)
  const named = hostOf(said.host, version)
  const framing = framingOf(said, version, limits)
  return {
    method,
    target,
    authority: authority ?? named,
    version,
    fields,
    framing,
    keepsAlive: version === "1.1" ? !lists(said.connection, "close") : lists(said.connection, "keep-alive"),
    expectsContinue: expects(said.expect, version, framing),
    isWebSocketUpgrade: isWebSocketUpgrade(said, method, version, framing),
  }
}

/** Of a head that is not whole yet. @throws BadRequest where it can become none. */
export function checkRequestLine(text: string, extent: "beginning" | "whole"): void {
  const possible =
    extent === "whole" ? requestLine.test(text) : /^[A-Z][A-Z_-]{0,31}(?: [\x21\x22\x24-\x7e]*(?: H?T?T?P?\/?\d?\.?\d?\r?)?)?$/.test(text)
  if (!possible) throw new BadRequest("badRequest", "there is no request line")
}

function fieldsOf(text: string, from: number, { maxHeaders }: HeadLimits): Fields {
  try {
    const raw = readFields(text, from)
    if (raw.length > 2 * maxHeaders) throw new BadRequest("headTooLarge", `there are more than ${maxHeaders} headers`)
    return new Fields(raw)
  } catch (thrown) {
    if (thrown instanceof Malformed) throw new BadRequest("badRequest", thrown.message)
    throw thrown
  }
}

interface Sayings {
  host?: string
  length?: string
  coding?: string
  connection?: string
  expect?: string
  upgrade?: string
}

/** What is said of where the request goes and where it ends: each at most once, but for "Connection". */
function sayings({ names, raw }: Fields): Sayings {
  const said: Sayings = {}
  for (let i = 0; i < names.length; i++) {
    const value = raw[2 * i + 1] ?? ""
    switch (names[i]) {
      case "host":
        said.host = once(said.host, value, "Host")
        break
      case "content-length":
        said.length = once(said.length, value, "Content-Length")
        break
      case "transfer-encoding":
        said.coding = once(said.coding, value, "Transfer-Encoding")
        break
      case "expect":
        said.expect = once(said.expect, value, "Expect")
        break
      case "upgrade":
        said.upgrade = once(said.upgrade, value, "Upgrade")
        break
      case "connection":
        said.connection = said.connection === undefined ? value : `${said.connection}, ${value}`
        break
      default:
    }
  }
  return said
}

function once(before: string | undefined, value: string, name: string): string {
  if (before !== undefined) throw new BadRequest("badRequest", `there is more than one ${name}`)
  return value
}

function hostOf(value: string | undefined, version: "1.0" | "1.1"): string | undefined {
  if (value !== undefined) return checkedHost(value)
  if (version === "1.1") throw new BadRequest("badRequest", "there is no Host")
  return undefined
}

function checkedHost(value: string): string {
  const [found, port] = host.exec(value) ?? []
  if (found === undefined || Number(port ?? 0) > 65_535) throw new BadRequest("badRequest", "the host is none")
  return value
}

function targetOf(method: string, raw: string): { target: string; authority?: string } {
  if (raw.startsWith("/")) return { target: raw }
  if (raw === "*" && method === "OPTIONS") return { target: raw }
  const [, , authority, rest = ""] = absoluteForm.exec(raw) ?? []
  if (authority === undefined || authority === "") throw new BadRequest("badRequest", "the target is none")
  return { target: rest.startsWith("/") ? rest : `/${rest}`, authority: checkedHost(authority) }
}

function framingOf({ length: said, coding }: Sayings, version: "1.0" | "1.1", { maxBodyBytes }: HeadLimits): Framing {
  if (coding !== undefined) {
    if (version === "1.0") throw new BadRequest("badRequest", "HTTP/1.0 knows no transfer codings")
    if (said !== undefined) throw new BadRequest("badRequest", "there are a length and a transfer coding")
    if (coding.toLowerCase() !== "chunked") throw new BadRequest("unknownCoding", "the transfer coding is not chunked alone")
    return { kind: "chunked" }
  }
  if (said === undefined) return { kind: "none" }
  if (!length.test(said)) throw new BadRequest("badRequest", "the length is no number")
  if (Number(said) > maxBodyBytes) throw new BadRequest("tooLarge", `the body is longer than ${maxBodyBytes} bytes`)
  return { kind: "length", bytes: Number(said) }
}

function expects(said: string | undefined, version: "1.0" | "1.1", framing: Framing): boolean {
  if (said === undefined || version === "1.0") return false
  if (said.toLowerCase() !== "100-continue") throw new BadRequest("unknownExpectation", "only 100-continue can be expected")
  return hasBody(framing)
}

/** One with a body is carried as the plain request that it also is. */
function isWebSocketUpgrade({ upgrade, connection }: Sayings, method: string, version: "1.0" | "1.1", framing: Framing): boolean {
  if (upgrade === undefined || method !== "GET" || version === "1.0") return false
  return upgrade.toLowerCase() === "websocket" && lists(connection, "upgrade") && !hasBody(framing)
}

export function hasBody(framing: Framing): boolean {
  return framing.kind === "chunked" || (framing.kind === "length" && framing.bytes > 0)
}
