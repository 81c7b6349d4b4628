// What a copy is told of its client, with and without a trusted proxy in front of the edge.
import assert from "node:assert/strict"
import { test } from "node:test"
import { ask } from "../../contract/client.ts"
import { startCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { embeddedEdge } from "../embedded-edge.ts"

const never = new AbortController().signal
const said = {
  "x-forwarded-for": "203.0.113.7",
  "x-forwarded-proto": "https",
  forwarded: "for=203.0.113.7",
  "true-client-ip": "203.0.113.7",
  x_forwarded_for: "203.0.113.7",
}

for (const [who, trustedProxies, expected] of [
  ["a trusted proxy", ["127.0.0.0/8"], ["203.0.113.7, 127.0.0.1", "https", "203.0.113.7", "203.0.113.7", undefined]],
  ["anybody else", [], ["127.0.0.1", "http", "127.0.0.1", undefined, undefined]],
] as const) {
  test(`what ${who} says of a client reaches the copy as far as it may be believed`, async () => {
    const under = await embeddedEdge({ trustedProxies: [...trustedProxies] })
    try {
      await using v1 = await startCopy("v1")
      await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
      const { headers } = JSON.parse((await ask(`${under.url}/headers`, { headers: said })).text) as { headers: Record<string, string> }
      const told = ["x-forwarded-for", "x-forwarded-proto", "x-real-ip", "true-client-ip", "x_forwarded_for"].map((name) => headers[name])
      assert.deepEqual(told, expected)
      assert.match(headers["forwarded"] ?? "", new RegExp(`^for=${expected[2]};proto=${expected[1]};host=`))
    } finally {
      await under.close()
    }
  })
}
