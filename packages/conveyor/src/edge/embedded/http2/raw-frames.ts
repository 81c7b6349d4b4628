// Frames of HTTP/2 as bytes, for tests of what no well-behaved client would send. Used by tests alone.
import { once } from "node:events"
import { connect } from "node:tls"
import type { TLSSocket } from "node:tls"

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
const types = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8, continuation: 9 } as const
export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const

export function frame(type: keyof typeof types, { flag = 0, stream = 0, payload = Buffer.alloc(0) }: Partial<Frame> = {}): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = types[type]
  head[4] = flag
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

interface Frame {
  flag: number
  stream: number
  payload: Buffer
}

export function framesIn(bytes: Buffer): (Frame & { type: string })[] {
  const frames: (Frame & { type: string })[] = []
  for (let at = 0; at + 9 <= bytes.length;) {
    const length = bytes.readUIntBE(at, 3)
    const type = Object.entries(types).find(([, number]) => number === bytes[at + 3])?.[0] ?? "unknown"
    frames.push({ type, flag: bytes[at + 4] ?? 0, stream: bytes.readUInt32BE(at + 5), payload: bytes.subarray(at + 9, at + 9 + length) })
    at += 9 + length
  }
  return frames
}

/** Names and values, none longer than 126 bytes, as literals that no table keeps. */
export function literals(fields: Readonly<Record<string, string>>): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")])
  return Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export interface RawClient {
  socket: TLSSocket
  isClosed: () => boolean
  /** Everything that came so far. */
  heard: () => Buffer
  send(...frames: readonly Buffer[]): void
}

/** Past the preface and the settings. */
export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, servername: "shop.test", ALPNProtocols: ["h2"] })
  let isClosed = false
  socket.on("error", () => (isClosed = true)).on("close", () => (isClosed = true))
  await once(socket, "secureConnect")
  const chunks: Buffer[] = []
  socket.on("data", (chunk: Buffer) => chunks.push(chunk))
  socket.write(preface)
  socket.write(frame("settings"))
  return {
    socket,
    isClosed: () => isClosed,
    heard: () => Buffer.concat(chunks),
    send: (...frames) => void (!isClosed && socket.write(Buffer.concat(frames))),
  }
}
