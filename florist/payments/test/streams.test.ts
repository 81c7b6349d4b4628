// What stays open: the event stream, the terminal's link, a slow upload; and how a copy ends while they are. Copies are processes of their own.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { request } from "node:http"
import type { IncomingMessage } from "node:http"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { after, before, test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { newId } from "@florist/kit/id"
import { methodId } from "../src/payment-method.ts"
import { shops, startScene } from "./scene.ts"
import type { Scene } from "./scene.ts"

let scene: Scene
let token: string
before(async () => {
  scene = await startScene()
  token = await scene.token()
})
after(() => scene[Symbol.asyncDispose]())

test("a payment taken by one copy reaches the event stream and the terminals of another, and both end with a reason", async () => {
  await using one = await startCopy("v1")
  await using other = await startCopy("v2")
  const earlier = await take(one)
  const stream = await openFeed(one)
  await stream.until(earlier)
  const terminal = new WebSocket(`${other.url.replace("http", "ws")}/api/v1/payments/terminal?access_token=${token}`)
  const messages = messagesOf(terminal)
  assert.deepEqual(await messages.next(), { type: "hello", version: "v2" })
  terminal.send(JSON.stringify({ type: "ping", n: 7 }))
  assert.deepEqual(await messages.next("pong"), { type: "pong", n: 7 })
  terminal.send("{")
  assert.equal((await messages.next("error")).type, "error")

  const id = await take(other)
  const told = (await messages.next("payment", id)).payment as { id: string; type: string }
  assert.deepEqual([told.id, told.type], [id, "order-payments"])
  assert.match(await stream.until(id), /^retry: \d+\n\n[\s\S]*event: payment\n/)
  await stream.until("event: heartbeat")

  const closed = once(terminal, "close") as Promise<[CloseEvent]>
  assert.equal(await other.end(), 0)
  assert.equal((await closed)[0].code, 1001)
  assert.equal(await one.end(), 0)
  assert.equal(await stream.ended, true)
})

test("streams are for who is signed in, show their own shop and their own stores", async () => {
  const url = scene.platform.url("payments")
  assert.equal((await fetch(`${url}/api/v1/payments/feed`)).status, 401)
  assert.equal((await fetch(`${url}/api/v1/payments/feed?access_token=x.y.z`)).status, 401)
  const refused = new WebSocket(`${url.replace("http", "ws")}/api/v1/payments/terminal?access_token=x.y.z`)
  await once(refused, "error")
  await using copy = await startCopy("v1")
  const id = await take(copy)
  for (const stranger of [await scene.token({ shop: shops.neighbour }), await scene.token({ stores: [newId()] })]) {
    const others = await openFeed(copy, stranger)
    await others.until("event: heartbeat")
    assert.ok(!(await others.until("retry:")).includes(id))
    others.close()
  }
})

test("a copy that is told to end finishes the upload under way, sends the client elsewhere, and ends", async () => {
  await using copy = await startCopy("v1")
  const upload = request(`${copy.url}/api/v1/payments/receipts?payment=${newId()}`, {
    method: "POST",
    headers: { "content-type": "image/jpeg", authorization: `Bearer ${token}` },
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

test("a receipt is kept by its hash and size, also when it comes twice; an empty or too large one is refused", async () => {
  const post = async (body: Uint8Array<ArrayBuffer>, payment: string) => {
    const answer = await fetch(`${scene.platform.url("payments")}/api/v1/payments/receipts?payment=${payment}&access_token=${token}`, {
      method: "POST",
      headers: { "content-type": "image/jpeg" },
      body,
    })
    return { status: answer.status, body: (await answer.json()) as { bytes?: number } }
  }
  const payment = newId()
  const picture = new Uint8Array(300_000).fill(7)
  for (let n = 0; n < 2; n++) assert.deepEqual((await post(picture, payment)).body.bytes, 300_000)
  assert.equal((await scene.rows("SELECT FROM payments.receipt WHERE payment_id = $1", [payment])).length, 1)
  assert.equal((await post(new Uint8Array(0), payment)).status, 422)
  assert.equal((await post(new Uint8Array(5 * 1024 * 1024 + 1), payment)).status, 413)
})

test("while its shard is down a copy answers 503 and says which, starts also then, and is well again without a restart", async () => {
  await using copy = await startCopy("v1")
  await take(copy)
  await scene.platform.postgres.halt()
  const answer = await fetch(`${copy.url}/api/v1/status`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client: shops.rose }),
  })
  assert.equal(answer.status, 503)
  assert.match(((await answer.json()) as { problem: string }).problem, /Shard s1 does not answer/)
  await using another = await startCopy("v2")
  await scene.platform.postgres.restart()
  await take(copy)
  await take(another)
})

interface Copy extends AsyncDisposable {
  url: string
  /** SIGTERM; gives the exit code. */
  end(): Promise<number | null>
}

async function startCopy(version: string): Promise<Copy> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../src/main.ts")], {
    env: {
      PATH: process.env.PATH,
      FLORIST_DIRECTORY_URL: scene.platform.directoryUrl,
      FLORIST_SECRET: scene.platform.secret,
      CONVEYOR_VERSION: version,
    },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const exit = once(child, "exit")
  let url: string | undefined
  for await (const line of createInterface(child.stdout)) {
    url = (JSON.parse(line) as { address?: string }).address
    if (url !== undefined) break
  }
  child.stdout.resume()
  assert.ok(url, "the copy did not start")
  const end = async () => {
    child.kill("SIGTERM")
    const [code] = (await exit) as [number | null]
    return code
  }
  return { url, end, [Symbol.asyncDispose]: async () => void (await end()) }
}

/** A payment of an order that the service has heard of. */
async function take(copy: Copy): Promise<string> {
  const order = scene.order(100_000)
  await scene.platform.shard.query(
    "INSERT INTO payments.sale (shop_id, id, revision, doc_no, store_id, total, status, occurred_at) VALUES ($1, $2, 1, '1', $3, 100, 'new', now())",
    [shops.rose, order.id, order.storeId],
  )
  const answer = await fetch(`${copy.url}/api/v1/orders/${order.id}/payments`, {
    method: "POST",
    headers: { "content-type": "application/vnd.api+json", authorization: `Bearer ${token}` },
    body: JSON.stringify({
      data: {
        type: "order-payments",
        attributes: { paymentType: "payment", amount: 1 },
        relationships: { method: { data: { type: "payment-methods", id: methodId(shops.rose, "card") } } },
      },
    }),
  })
  const body = (await answer.json()) as { data: { id: string } }
  assert.equal(answer.status, 200, JSON.stringify(body))
  return body.data.id
}

interface Feed {
  /** Everything so far, as soon as it holds the text. */
  until(text: string): Promise<string>
  ended: Promise<boolean>
  close(): void
}

async function openFeed(copy: Copy, of = token): Promise<Feed> {
  const stop = new AbortController()
  const answer = await fetch(`${copy.url}/api/v1/payments/feed?access_token=${of}`, { signal: stop.signal })
  assert.match(answer.headers.get("content-type") ?? "", /text\/event-stream/)
  let all = ""
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of answer.body ?? []) all += decoder.decode(chunk, { stream: true })
    return true
  })()
  reading.catch(() => {})
  return {
    ended: reading,
    close: () => stop.abort(),
    async until(text) {
      for (let tries = 0; tries < 200 && !all.includes(text); tries++) await delay(50)
      assert.ok(all.includes(text), `"${text}" did not come; what came is:\n${all}`)
      return all
    },
  }
}

interface Messages {
  /** The next one of that type, about that payment if one is named. */
  next(type?: string, payment?: string): Promise<Record<string, unknown>>
}

function messagesOf(socket: WebSocket): Messages {
  const come: Record<string, unknown>[] = []
  socket.addEventListener("message", ({ data }) => come.push(JSON.parse(String(data)) as Record<string, unknown>))
  return {
    async next(type, payment) {
      for (let tries = 0; tries < 400; tries++) {
        const found = come.shift()
        const isMeant =
          found !== undefined &&
          (type === undefined || found.type === type) &&
          (payment === undefined || (found.payment as { id?: string }).id === payment)
        if (isMeant) return found
        if (found === undefined) await delay(50)
      }
      return assert.fail("no message came")
    },
  }
}
