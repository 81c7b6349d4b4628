// A TCP port on loopback that was free a moment ago. Called by whoever starts a listener for somebody else.
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"

export function freePort(host = "127.0.0.1"): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", reject)
    probe.listen(0, host, () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
