// A TCP port on loopback that was free a moment ago. Used by the servers here, and by the demo.
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
