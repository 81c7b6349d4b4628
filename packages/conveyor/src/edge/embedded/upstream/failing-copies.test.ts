// Copies that are no good beside one that is: what users notice of them.
import assert from "node:assert/strict"
import { createServer } from "node:net"
import type { AddressInfo, Server, Socket } from "node:net"
import { test } from "node:test"
import { ask, delay } from "../../contract/client.ts"
import { startCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { soon } from "../../contract/traffic.ts"
import { embeddedEdge } from "../embedded-edge.ts"

const never = new AbortController().signal

/** A server that speaks as it is told to, whose heads it counts. */
async function startServer(speak: (socket: Socket, heads: number) => void) {
  const sockets = new Set<Socket>()
  let heads = 0
  const server: Server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}))
    socket.on("data", (chunk) => {
      heads += chunk.toString("latin1").split("HTTP/1.1\r\n").length - 1
      speak(socket, heads)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    port: (server.address() as AddressInfo).port,
    heads: () => heads,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

test("a copy that hangs is asked no more as soon as its sibling shows that one can answer", async () => {
  const under = await embeddedEdge()
  try {
    await using good = await startCopy("v1")
    await using deaf = await startServer(() => {})
    const table = tableOf({ generation: 1, current: "v1", copies: [good] })
    const both = [good.target, { copy: "deaf", host: "127.0.0.1", port: deaf.port }]
    await under.edge.apply({ ...table, versions: { v1: { release: "r", targets: { web: both } } } }, never)
    const stop = new AbortController()
    const stuck: Promise<unknown>[] = []
    await soon("it to be left out", async () => {
      // Several at once: one alone never goes to the copy that has more under way.
      for (let i = 0; i < 6; i++) stuck.push(ask(`${under.url}/slow?ms=30`, { signal: stop.signal }).catch(() => {}))
      await delay(50)
      return /"copy":"deaf".*a copy is left out/.test(await under.readLog())
    })
    const before = deaf.heads()
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(`${under.url}/x`, { signal: AbortSignal.timeout(10_000) })))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.equal(deaf.heads(), before)
    stop.abort()
    await Promise.all(stuck)
  } finally {
    await under.close()
  }
})

test("a copy that closes idle connections unannounced costs no POST", async () => {
  const under = await embeddedEdge()
  try {
    // Far beyond the time for which a connection is taken for surely open, so that a busy machine does not confuse the two.
    const closesAfterMs = 500
    await using copy = await startServer((socket) => {
      socket.write(answer)
      setTimeout(() => socket.end(), closesAfterMs)
    })
    const target = { copy: "hasty", host: "127.0.0.1", port: copy.port }
    await under.edge.apply(
      {
        generation: 1,
        current: "v1",
        routes: [{ prefix: "/", service: "web" }],
        versions: { v1: { release: "r", targets: { web: [target] } } },
      },
      never,
    )
    const statuses = new Set<number>()
    await Promise.all(
      Array.from({ length: 6 }, async (_, k) => {
        for (let i = 0; i < 5; i++) {
          statuses.add((await ask(`${under.url}/x`, { method: "POST", body: "hello" })).status)
          await delay(closesAfterMs - 5 + ((k + i) % 10))
        }
      }),
    )
    assert.deepEqual(statuses, new Set([200]))
    assert.equal(copy.heads(), 30)
  } finally {
    await under.close()
  }
})
