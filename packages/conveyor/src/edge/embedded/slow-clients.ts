// Clients over bare sockets that do nothing of themselves: they read when they are told to, and say what became of them. Used by
// tests alone.
import { connect } from "node:net"
import type { Socket } from "node:net"

export interface SlowClient {
  socket: Socket
  /** Everything that came so far. */
  heard: () => Buffer
  /** Reads from now on. */
  read: () => void
  isClosed: () => boolean
}

export interface SlowClientOptions {
  /** Where it comes from: another client for the edge. */
  localAddress?: string
  reads: "at once" | "when told"
}

/** Sends the bytes as they are. */
export function slowClient(url: string, bytes: string, { localAddress, reads }: SlowClientOptions): SlowClient {
  const { hostname, port } = new URL(url)
  const chunks: Buffer[] = []
  let isClosed = false
  const where = { host: hostname, port: Number(port), allowHalfOpen: true, ...(localAddress === undefined ? {} : { localAddress }) }
  const socket = connect(where)
  socket.write(bytes, "latin1")
  const end = () => void (isClosed = true)
  socket.on("error", end).on("close", end)
  const read = () => {
    socket.on("data", (chunk) => chunks.push(chunk)).on("end", end)
    socket.resume()
  }
  if (reads === "at once") read()
  else socket.pause()
  return { socket, heard: () => Buffer.concat(chunks), read, isClosed: () => isClosed }
}
