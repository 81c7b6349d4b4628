// What stays open: the event stream, the terminal's link, a slow upload; and how a copy ends while they are.
import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { request } from "node:http"
import type { IncomingMessage } from "node:http"
import { test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { shop, startCopy, startPlatform } from "./platform.ts"
import type { Copy } from "./platform.ts"

test("a payment taken by one version reaches the event stream and the terminals of another", async () => {
  await using platform = await startPlatform()
  await using v1 = await startCopy({ version: "v1", ...platform })
  await using v2 = await startCopy({ version: "v2", ...platform })

  const stream = await openFeed(v1)
  const terminal = new WebSocket(`${v2.url.replace("http", "ws")}/api/v1/payments/terminal?shop=${shop}`)
  const messages = messagesOf(terminal)
  assert.deepEqual(await messages.next(), { type: "hello", version: "v2" })
  terminal.send(JSON.stringify({ type: "ping", n: 7 }))
  assert.deepEqual(await messages.next(), { type: "pong", n: 7 })
  terminal.send("{")
  assert.equal((await messages.next()).type, "error")

  const id = await take(v2)
  assert.equal(((await messages.next()).payment as { id: string }).id, id)
  assert.match(await stream.until(id), /^retry: \d+\n\n[\s\S]*event: payment\n/)
  await stream.until("event: heartbeat")

  const closed = once(terminal, "close") as Promise<[CloseEvent]>
  assert.equal(await v2.end(), 0)
  assert.equal((await closed)[0].code, 1001)
  assert.equal(await v1.end(), 0)
  assert.equal(await stream.ended, true)
})

test("a copy is connected before its first request", async () => {
  await using platform = await startPlatform()
  await using _copy = await startCopy({ version: "v2", ...platform })
  const { rowCount } = await platform.shard.query("SELECT FROM pg_stat_activity WHERE application_name = 'florist' AND datname = 's1'")
  assert.equal(rowCount, 2)
})

test("a copy that is told to end finishes the upload under way, sends the client elsewhere, and ends", async () => {
  await using platform = await startPlatform()
  await using copy = await startCopy({ version: "v2", ...platform })
  const upload = request(`${copy.url}/api/v1/payments/receipts?shop=${shop}&payment=${randomUUID()}`, {
    method: "POST",
    headers: { "content-type": "image/jpeg" },
  })
  upload.write(Buffer.alloc(1_000))
  await delay(300)
  const ended = copy.end()
  await delay(300)
  upload.end(Buffer.alloc(1_000))
  const [answer] = (await once(upload, "response")) as [IncomingMessage]
  answer.resume()
  assert.equal(answer.statusCode, 201)
  assert.equal(answer.headers.connection, "close")
  assert.equal(await ended, 0)
})

test("while its shard is down a copy answers 503 and says which, starts also then, and is well again without a restart", async () => {
  await using platform = await startPlatform()
  await using copy = await startCopy({ version: "v2", ...platform })
  await take(copy)
  await platform.stopDatabase()
  const answer = await fetch(`${copy.url}/api/v1/status`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client: shop }),
  })
  assert.equal(answer.status, 503)
  assert.match(((await answer.json()) as { problem: string }).problem, /Shard s1 does not answer/)
  await using another = await startCopy({ version: "v2", ...platform })
  await platform.startDatabase()
  await take(copy)
  await take(another)
})

async function take(copy: Copy): Promise<string> {
  const id = randomUUID()
  const answer = await fetch(`${copy.url}/api/v1/payments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id, shop, order: randomUUID(), amount: 1, currency: "RUB", method: "cash" }),
  })
  assert.equal(answer.status, 201, await answer.text())
  return id
}

interface Feed {
  /** Everything so far, as soon as it holds the text. */
  until(text: string): Promise<string>
  ended: Promise<boolean>
}

async function openFeed(copy: Copy): Promise<Feed> {
  const answer = await fetch(`${copy.url}/api/v1/payments/feed?shop=${shop}`)
  assert.match(answer.headers.get("content-type") ?? "", /text\/event-stream/)
  let all = ""
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of answer.body ?? []) all += decoder.decode(chunk, { stream: true })
    return true
  })()
  return {
    ended: reading,
    async until(text) {
      for (let tries = 0; tries < 200 && !all.includes(text); tries++) await delay(50)
      assert.ok(all.includes(text), `"${text}" did not come; what came is:\n${all}`)
      return all
    },
  }
}

function messagesOf(socket: WebSocket): { next(): Promise<Record<string, unknown>> } {
  const come: Record<string, unknown>[] = []
  socket.addEventListener("message", ({ data }) => come.push(JSON.parse(String(data)) as Record<string, unknown>))
  return {
    async next() {
      for (let tries = 0; tries < 200 && come.length === 0; tries++) await delay(50)
      return come.shift() ?? assert.fail("no message came")
    },
  }
}
