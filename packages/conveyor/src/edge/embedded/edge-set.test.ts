// Three real edges of one machine as one edge, with users at each.
import assert from "node:assert/strict"
import { test } from "node:test"
import { ask } from "../contract/client.ts"
import { startCopy } from "../contract/copies.ts"
import { tableOf } from "../contract/tables.ts"
import { createEdgeSet } from "../edge-set.ts"
import { signalProcess } from "../../kernel/process/process-identity.ts"
import { createEmbeddedEdge } from "./adapter.ts"
import { embeddedEdge } from "./embedded-edge.ts"

const never = new AbortController().signal
const names = ["north", "east", "south"]

test("three edges switch together, their numbers are one, and the one that was stopped is named until it goes on", async () => {
  const running = await Promise.all(names.map(() => embeddedEdge()))
  await using v1 = await startCopy("v1")
  await using v2 = await startCopy("v2")
  const members = running.map(({ running: { adminUrl, token } }, i) => createEmbeddedEdge({ name: names[i] ?? "", adminUrl, token }))
  const edge = createEdgeSet({ members: () => members, withinMs: 1_000 })
  const third = running[2]?.running
  if (third === undefined) throw new Error("there is no third edge")
  // The guard as well: it would have another worker serve.
  const signalThird = (signal: NodeJS.Signals) => [third.guard, third.identity].map((each) => each && signalProcess(each, signal))
  try {
    await edge.routing.apply(tableOf({ epoch: 1, generation: 1, current: "v1", copies: [v1] }), never)
    for (const [i, { url }] of running.entries()) for (let n = 0; n <= i; n++) assert.match((await ask(`${url}/x`)).text, /^v1/)
    assert.equal((await edge.metering.observe(never)).versions["v1"]?.counters.requests, 6)

    signalThird("SIGSTOP")
    const second = tableOf({ epoch: 1, generation: 2, current: "v2", copies: [v1, v2] })
    await assert.rejects(edge.routing.apply(second, never), /not acknowledged by 1 of 3 edges: south \(/)
    const partial = await edge.metering.observe(never)
    assert.deepEqual([partial.silent.map(({ member }) => member), partial.versions["v1"]?.counters.requests], [["south"], 3])
    assert.deepEqual(
      (await edge.routing.observe(never)).members.map(({ member, state }) => `${member} ${state}`),
      ["north in-use", "east in-use", "south silent"],
    )

    signalThird("SIGCONT")
    await edge.routing.apply(second, never)
    for (const { url } of running) assert.match((await ask(`${url}/x`)).text, /^v2/)
    const { versions, silent } = await edge.metering.observe(never)
    assert.deepEqual([silent, versions["v1"]?.counters.requests, versions["v2"]?.counters.requests], [[], 6, 3])
  } finally {
    signalThird("SIGCONT")
    await Promise.all(running.map((each) => each.close()))
  }
})
