// The promise of the contract for longer: thousands of requests across two hundred generations, and across the edge's
// own death.
import assert from "node:assert/strict"
import { test } from "node:test"
import { ask } from "../contract/client.ts"
import { startCopy } from "../contract/copies.ts"
import { trafficAcrossFlips } from "../contract/flips.ts"
import { tableOf } from "../contract/tables.ts"
import { embeddedEdge } from "./embedded-edge.ts"

const never = new AbortController().signal

test("embedded edge: loses none of 20,000 and more requests across 200 generations", async () => {
  const under = await embeddedEdge()
  try {
    const result = await trafficAcrossFlips(under.edge, under.url, {
      flips: 200,
      requests: 20_000,
      endOldCopy: "when-nothing-is-in-flight",
    })
    assert.deepEqual(result.failures, [])
    assert.equal(result.versionsSeen, 201)
    assert.ok(result.requests >= 20_000)
  } finally {
    await under.close()
  }
})

test("embedded edge: killed thirty times while tables arrive, it never serves a table older than it acknowledged", async () => {
  const under = await embeddedEdge()
  await using v1 = await startCopy("v1")
  try {
    let acknowledged = 0
    for (let round = 1; round <= 30; round++) {
      const applying = (async () => {
        for (let generation = acknowledged + 1; ; generation++) {
          await under.edge.apply(tableOf({ generation, current: "v1", copies: [v1] }), never)
          acknowledged = generation
        }
      })()
      applying.catch(() => "the edge is gone")
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 60))
      await under.end("SIGKILL")
      await applying.catch(() => "the edge is gone")
      await under.restart()
      const found = (await under.edge.observe(never)).table?.generation ?? 0
      assert.ok(found === acknowledged || found === acknowledged + 1, `acknowledged ${acknowledged}, found ${found}`)
      acknowledged = found
      assert.equal((await ask(`${under.url}/x`)).status, found === 0 ? 503 : 200)
    }
  } finally {
    await under.close()
  }
})
