import assert from "node:assert/strict"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { freePort } from "./free-port.ts"
import { holderOf, isListenedOn, listenersOn } from "./listeners.ts"

const onLinux = { skip: process.platform === "linux" ? false : "only Linux tells who listens" }

test("whoever listens on a port is found and named, and nobody is where nobody listens", onLinux, async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    const { port } = server.address() as AddressInfo
    assert.deepEqual(await listenersOn(port), [String(process.pid)])
    assert.deepEqual(await listenersOn(port, []), [])
    assert.match(await holderOf(port), new RegExp(`^process ${process.pid} \\(.*node`))
  } finally {
    server.close()
  }
  const free = await freePort()
  assert.deepEqual([await isListenedOn(free), await listenersOn(free)], [false, []])
})
