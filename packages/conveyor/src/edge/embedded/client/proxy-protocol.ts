// The PROXY protocol, versions 1 and 2, with which a load balancer says before the first byte whose connection it passes on.
// Read by the listener from trusted proxies alone; the bytes behind it go on as they are.
import type { Socket } from "node:net"
import { addressIn } from "../requests/addresses.ts"
import type { Peer } from "./client-request.ts"

/** "more": the header is not whole yet. "local": the proxy speaks for itself. "malformed": it is none. */
export type Reading = { kind: "more" } | { kind: "malformed" } | { kind: "local" | "client"; peer: Peer | undefined; length: number }

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])
const longestLine = 107
const longestBinary = 16 + 2_048
const [overIpv4, overIpv6] = [0x1, 0x2]
const [tlsFact, clientCameByTls] = [0x20, 0x01]
const nobody = { local: { kind: "local", peer: undefined }, malformed: { kind: "malformed" } } as const

export function readProxyHeader(bytes: Buffer): Reading {
  const compared = Math.min(bytes.length, signature.length)
  if (bytes.subarray(0, compared).equals(signature.subarray(0, compared)))
    return compared < signature.length ? { kind: "more" } : readBinary(bytes)
  return readLine(bytes)
}

function readLine(bytes: Buffer): Reading {
  const end = bytes.subarray(0, longestLine).indexOf("\r\n")
  const line = bytes.toString("latin1", 0, end < 0 ? Math.min(bytes.length, longestLine) : end)
  if (!line.startsWith("PROXY ".slice(0, line.length))) return nobody.malformed
  if (end < 0) return bytes.length < longestLine ? { kind: "more" } : nobody.malformed
  const length = end + 2
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { ...nobody.local, length }
  // Version 1 does not say whether the client came by TLS; the port that it came to does.
  const [, family, source] = /^PROXY TCP([46]) ([\da-fA-F.:]+) [\da-fA-F.:]+ \d{1,5} (\d{1,5})$/.exec(line) ?? []
  const address = source === undefined ? undefined : addressIn(source)
  if (address === undefined || source?.includes(":") !== (family === "6")) return nobody.malformed
  return { kind: "client", peer: { address, isEncrypted: line.endsWith(" 443") }, length }
}

function readBinary(bytes: Buffer): Reading {
  if (bytes.length < 16) return { kind: "more" }
  const [version, command, family, length] = [
    (bytes[12] ?? 0) >> 4,
    (bytes[12] ?? 0) & 0xf,
    (bytes[13] ?? 0) >> 4,
    16 + bytes.readUInt16BE(14),
  ]
  if (version !== 2 || command > 1 || length > longestBinary) return nobody.malformed
  if (bytes.length < length) return { kind: "more" }
  const addressBytes = { [overIpv4]: 12, [overIpv6]: 36 }[family]
  if (command === 0 || addressBytes === undefined) return { ...nobody.local, length }
  if (length < 16 + addressBytes) return nobody.malformed
  const address = family === overIpv4 ? [...bytes.subarray(16, 20)].join(".") : ipv6Of(bytes.subarray(16, 32))
  return {
    kind: "client",
    peer: { address: addressIn(address) ?? address, isEncrypted: saysTls(bytes.subarray(16 + addressBytes, length)) },
    length,
  }
}

function ipv6Of(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16))
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1)
}

/** Further facts, each with its type and length: one of them says that the client's own connection is encrypted. */
function saysTls(facts: Buffer): boolean {
  for (let at = 0; at + 3 <= facts.length;) {
    const [type, length] = [facts[at], facts.readUInt16BE(at + 1)]
    if (type === tlsFact && length >= 5) return ((facts[at + 3] ?? 0) & clientCameByTls) !== 0
    at += 3 + length
  }
  return false
}

/** Reads the header off the socket; undefined where there is none in time, and the connection cannot be read. */
export function takeProxyHeader(socket: Socket, withinMs: number): Promise<Peer | undefined> {
  return new Promise((resolve) => {
    let heard = Buffer.alloc(0)
    const finish = (peer: Peer | undefined) => {
      clearTimeout(timer)
      socket.off("readable", read).off("end", fail).off("error", fail).off("close", fail)
      resolve(peer)
    }
    const fail = () => finish(undefined)
    const read = () => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null)
        heard = Buffer.concat([heard, chunk])
      const reading = readProxyHeader(heard)
      if (reading.kind === "more") return
      if (reading.kind === "malformed") return fail()
      const rest = heard.subarray(reading.length)
      const peer = reading.peer ?? { address: socket.remoteAddress ?? "unknown", isEncrypted: false }
      finish(peer)
      if (rest.length > 0) socket.unshift(rest)
    }
    const timer = setTimeout(fail, withinMs)
    socket.on("readable", read).on("end", fail).on("error", fail).on("close", fail)
  })
}
