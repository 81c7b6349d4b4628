// WebSocket frames, as far as the edge needs them: where one ends, so that a closing frame of the edge's own can follow
// it, and how that closing frame looks. Pure; called by the tunnel.
import { randomBytes } from "node:crypto"

const restartCode = 1012
const closeOpcode = 8

export type Masking = "masked" | "plain"

/** Follows one direction of a WebSocket through chunks that end anywhere. */
export class FrameBoundaries {
  #header: number[] = []
  #payloadLeft = 0
  #opcode = 0

  get isBetweenFrames(): boolean {
    return this.#header.length === 0 && this.#payloadLeft === 0
  }

  /** Whether the frame read last, or being read, is a closing frame. */
  get isClosing(): boolean {
    return this.#opcode === closeOpcode
  }

  /** Reads the chunk up to its end or, "to-boundary", to the first end of a frame; gives how many bytes it read. */
  read(chunk: Buffer, until: "end" | "to-boundary"): number {
    let at = 0
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) at += this.#readPayload(chunk.length - at)
      else this.#readHeaderByte(chunk[at++] ?? 0)
      if (until === "to-boundary" && this.isBetweenFrames) break
    }
    return at
  }

  #readPayload(available: number): number {
    const taken = Math.min(available, this.#payloadLeft)
    this.#payloadLeft -= taken
    return taken
  }

  #readHeaderByte(byte: number): void {
    this.#header.push(byte)
    const [first = 0, second = 0] = this.#header
    const short = second & 0x7f
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
    const maskBytes = (second & 0x80) === 0 ? 0 : 4
    if (this.#header.length < 2 || this.#header.length < 2 + lengthBytes + maskBytes) return
    this.#opcode = first & 0x0f
    this.#payloadLeft = lengthBytes === 0 ? short : this.#header.slice(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0)
    this.#header = []
  }
}

/** A closing frame "service restart"; a client's frames are masked, a server's are not. */
export function closeFrame(reason: string, masking: Masking): Buffer {
  // A control frame holds at most 125 bytes, two of which are the code.
  const payload = Buffer.concat([Buffer.from([restartCode >> 8, restartCode & 0xff]), Buffer.from(reason).subarray(0, 123)])
  if (masking === "plain") return Buffer.concat([Buffer.from([0x80 | closeOpcode, payload.length]), payload])
  const key = randomBytes(4)
  const masked = payload.map((byte, i) => byte ^ (key[i % 4] ?? 0))
  return Buffer.concat([Buffer.from([0x80 | closeOpcode, 0x80 | payload.length]), key, masked])
}
