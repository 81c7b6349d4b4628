import assert from "node:assert/strict"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { choosePort, rangesBeside } from "./port-choice.ts"

test("no copy is given a port that another copy was given, or that somebody listens on", async () => {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve))
  try {
    const used = (listener.address() as AddressInfo).port
    const around = [{ from: used, to: used + 1 }]
    await assert.rejects(choosePort(new Set([used + 1]), around), { code: "no-port" })
    assert.equal(await choosePort(new Set(), around).catch(() => used + 1), used + 1)
  } finally {
    listener.close()
  }
})

test("a port lies outside of those for outgoing connections, unless these leave too few", () => {
  assert.deepEqual(rangesBeside({ from: 32_768, to: 60_999 }), [
    { from: 10_240, to: 32_767 },
    { from: 61_000, to: 65_535 },
  ])
  assert.deepEqual(rangesBeside({ from: 1_024, to: 65_535 }), [{ from: 10_240, to: 65_535 }])
})
