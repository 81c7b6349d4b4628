// A TCP port on loopback that was free a moment ago. Used by the servers here, and by the demo.
import { randomInt } from "node:crypto"
import { createServer } from "node:net"

/** Below what systems give to outgoing connections, one of which could take the port before its server does. */
const [from, below] = [10_240, 32_768]
const tries = 100

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const port = randomInt(from, below)
    if (await isFree(port)) return port
  }
  throw new Error(`None of ${tries} ports from ${from} to ${below - 1} was free.`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once("error", () => resolve(false))
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)))
  })
}
