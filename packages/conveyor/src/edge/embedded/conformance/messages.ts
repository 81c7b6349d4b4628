// HTTP/1.1 messages in a stretch of bytes, read to the letter and by other code than the edge's own: what a strict copy takes
// for requests, and a strict client for answers. Pure; read by the raw copy and the raw client.

export interface Message {
  /** The request or status line, without its line break. "MALFORMED" before it where the bytes are no message. */
  start: string
  fields: readonly (readonly [name: string, value: string])[]
  body: string
  trailers: readonly (readonly [name: string, value: string])[]
  /** Whether all of it is there. */
  isWhole: boolean
}

export interface Reading {
  kind: "requests" | "answers"
  /** Nothing comes behind these bytes. */
  hasEnded: boolean
  /** What the answers are to: one to HEAD has no body. */
  method?: string
}

type Fields = Message["fields"]
type Body = Pick<Message, "body" | "trailers" | "isWhole"> & { end: number }

const startLines = { requests: /^[A-Z][A-Z_-]* [!-~]+ HTTP\/1\.\d$/, answers: /^HTTP\/1\.[01] [1-9]\d\d(?: [^\r\n]*)?$/ }
const fieldLine = /^([!#$%&'*+.^_`|~\w-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/

/** `text` is latin1. The last message may be a part of one. */
export function messagesIn(text: string, reading: Reading): Message[] {
  const found: Message[] = []
  for (let at = 0; at < text.length;) {
    // RFC 9112, 2.2: an empty line before a request is none.
    if (reading.kind === "requests" && text.startsWith("\r\n", at)) {
      at += 2
      continue
    }
    const headEnd = text.indexOf("\r\n\r\n", at)
    const [start = "", ...lines] = text.slice(at, headEnd < 0 ? undefined : headEnd).split("\r\n")
    const fields = headEnd < 0 ? [] : fieldsIn(lines)
    if (headEnd < 0 || fields === undefined || !startLines[reading.kind].test(start)) {
      const what = headEnd < 0 ? start : `MALFORMED ${start}`
      return [...found, { start: what, fields: [], body: "", trailers: [], isWhole: false }]
    }
    const { end, ...body } = bodyAt(text, headEnd + 4, start, fields, reading)
    found.push({ start, fields, ...body })
    if (!body.isWhole) return found
    at = end
  }
  return found
}

export const statusOf = ({ start }: Message): number => Number(/^HTTP\/1\.[01] (\d{3})/.exec(start)?.[1])

/** The name in small letters; all that was said under it. */
export const saidIn = (fields: Fields, name: string): string[] =>
  fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)

function fieldsIn(lines: readonly string[]): Fields | undefined {
  const fields: [string, string][] = []
  for (const line of lines) {
    const [, name, value] = fieldLine.exec(line) ?? []
    if (name === undefined || value === undefined) return undefined
    fields.push([name, value])
  }
  return fields
}

function bodyAt(text: string, at: number, start: string, fields: Fields, reading: Reading): Body {
  const [codings, lengths] = [saidIn(fields, "transfer-encoding"), saidIn(fields, "content-length")]
  const none = { body: "", trailers: [], isWhole: true, end: at }
  if (reading.kind === "answers" && (reading.method === "HEAD" || /^\S+ (?:1\d\d|204|304)/.test(start))) return none
  if (codings.length > 0) return codings.join().toLowerCase() === "chunked" ? chunksAt(text, at) : { ...none, isWhole: false }
  if (lengths.length > 0) {
    const length = /^\d+$/.test(lengths.join()) ? Number(lengths[0]) : Infinity
    const body = text.slice(at, at + length)
    return { body, trailers: [], isWhole: body.length === length, end: at + length }
  }
  if (reading.kind === "requests") return none
  return { body: text.slice(at), trailers: [], isWhole: reading.hasEnded, end: text.length }
}

function chunksAt(text: string, at: number): Body {
  let body = ""
  const broken = () => ({ body, trailers: [], isWhole: false, end: text.length })
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at)
    if (lineEnd < 0) return broken()
    const size = Number.parseInt(/^[\da-f]+(?=[\t ]*;|$)/i.exec(text.slice(at, lineEnd))?.[0] ?? "none", 16)
    if (Number.isNaN(size)) return broken()
    if (size === 0) break
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size
    if (text.slice(at, at + 2) !== "\r\n") return broken()
    at += 2
  }
  return trailersAt(text, text.indexOf("\r\n", at), body)
}

/** `at` is the line break before the first of them. */
function trailersAt(text: string, at: number, body: string): Body {
  const end = text.indexOf("\r\n\r\n", at)
  const trailers = end < 0 ? undefined : fieldsIn(end === at ? [] : text.slice(at + 2, end).split("\r\n"))
  return trailers === undefined ? { body, trailers: [], isWhole: false, end: text.length } : { body, trailers, isWhole: true, end: end + 4 }
}
