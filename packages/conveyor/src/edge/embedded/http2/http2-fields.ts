// Lines of a head, written as HTTP/1.1 has them, as the headers of HTTP/2. Pure; called by the response.
import type { OutgoingHttpHeaders } from "node:http2"

const ofHttp1Alone = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"])

/** Each line ends with its line break. */
export function http2Fields(lines: string): OutgoingHttpHeaders {
  const fields: Record<string, string | string[]> = {}
  for (const line of lines.split("\r\n")) {
    const colon = line.indexOf(":")
    if (colon < 1) continue
    add(fields, line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trimStart())
  }
  return fields
}

/** Names and values in turn. */
export function http2Trailers(raw: readonly string[]): OutgoingHttpHeaders {
  const fields: Record<string, string | string[]> = {}
  for (let i = 0; i + 1 < raw.length; i += 2) add(fields, (raw[i] ?? "").toLowerCase(), raw[i + 1] ?? "")
  return fields
}

function add(fields: Record<string, string | string[]>, name: string, value: string): void {
  if (ofHttp1Alone.has(name)) return
  const before = Object.hasOwn(fields, name) ? fields[name] : undefined
  fields[name] = before === undefined ? value : [before, value].flat()
}
