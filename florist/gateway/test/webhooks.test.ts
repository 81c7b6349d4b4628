// Webhooks on a real database and a real receiver: each event arrives, signed, at least once and with one id, whatever the receiver does.
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, test } from "node:test"
import { trustIn } from "@florist/kit/client-address"
import { PooledDatabase } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { shops, startPlatform } from "../../kit/test/platform.ts"
import type { Platform } from "../../kit/test/platform.ts"
import { gateway } from "../src/service.ts"
import { deliverDue } from "../src/webhooks/deliver.ts"
import { isSigned } from "../src/webhooks/signature.ts"

interface Received {
  id: string
  signature: string
  body: string
}

let platform: Platform
let shard: PooledDatabase
const received: Received[] = []
/** What the receiver answers next; 200 when there is nothing. */
const answers: number[] = []
const receiver = createServer((request, response) => {
  const pieces: Buffer[] = []
  request.on("data", (piece: Buffer) => pieces.push(piece))
  request.on("end", () => {
    received.push({
      id: String(request.headers["florist-event-id"]),
      signature: String(request.headers["florist-signature"]),
      body: Buffer.concat(pieces).toString(),
    })
    response.statusCode = answers.shift() ?? 200
    response.end()
  })
})

before(async () => {
  receiver.listen(0, "127.0.0.1")
  await once(receiver, "listening")
  platform = await startPlatform()
  platform.clock.set("2026-03-08T09:00:00Z")
  // The sender is called by the tests, so that its own loop does not race with them.
  const { background: _, ...quiet } = gateway({ services: {}, trustedProxies: trustIn(""), webhooksTo: "anywhere" })
  await platform.start(quiet)
  shard = new PooledDatabase({ name: "s1", url: platform.postgres.url("s1").replace(/\/\/[^@]+@/, "//florist_gateway@"), size: 2 })
})
after(async () => {
  receiver.close()
  await shard.close()
  await platform[Symbol.asyncDispose]()
})

const url = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
const signal = new AbortController().signal
const send = () => deliverDue(shard, { to: "anywhere", now: platform.clock.now(), signal })

async function subscribe(events: string[], shop: number = shops.rose): Promise<{ id: string; secret: string }> {
  const body = { data: { type: "webhooks", attributes: { url: url(), events } } }
  const token = await platform.token({ shop })
  const answer = await platform.ask({ service: "gateway", method: "POST", path: "/api/v1/webhooks", body, token })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return { id: answer.body.data.id, secret: answer.body.data.attributes.secret }
}

async function happen(type: string, shop: number = shops.rose): Promise<string> {
  const id = newId()
  await platform.shard.query(
    "INSERT INTO orders.outbox (shop_id, id, type, subject, occurred_at, data) VALUES ($1, $2, $3, 'o1', now(), $4)",
    [shop, id, type, JSON.stringify({ docNo: "A-1" })],
  )
  await platform.settle()
  return id
}

const unsubscribe = (id: string) => platform.ask({ service: "gateway", method: "DELETE", path: `/api/v1/webhooks/${id}` })

test("a subscriber gets its shop's events of its types, signed with the secret that it was shown once", async () => {
  const { id, secret } = await subscribe(["order.posted"])
  await happen("order.changed")
  await happen("order.posted", shops.neighbour)
  const event = await happen("order.posted")
  await send()
  assert.deepEqual(
    received.map((each) => each.id),
    [event],
  )
  const [got] = received.splice(0)
  assert.equal(isSigned(secret, got?.body ?? "", got?.signature ?? "", { now: platform.clock.now(), withinS: 5 }), true)
  assert.equal(JSON.parse(got?.body ?? "").type, "order.posted")
  const again = await platform.ask({ service: "gateway", path: "/api/v1/webhooks" })
  assert.equal(again.body.data[0].attributes.secret, undefined)
  await send()
  assert.equal(received.length, 0, "delivered once")
  await unsubscribe(id)
})

test("a failure is tried again with growing pauses until it is answered 2xx, and the list tells how it went", async () => {
  const { id } = await subscribe(["order.posted"])
  const event = await happen("order.posted")
  answers.push(500, 404)
  await send()
  assert.equal(await send(), 0, "not before its pause")
  platform.clock.advance(11_000)
  await send()
  assert.equal(await send(), 0)
  platform.clock.advance(21_000)
  await send()
  assert.deepEqual(
    received.splice(0).map((each) => each.id),
    [event, event, event],
  )
  const { body } = await platform.ask({ service: "gateway", path: `/api/v1/webhooks/${id}/deliveries` })
  assert.deepEqual(
    [body.data[0].attributes.status, body.data[0].attributes.tries, body.data[0].attributes.lastAnswer],
    ["delivered", 3, "HTTP 200"],
  )
  await unsubscribe(id)
})

test("a receiver that is never there is given up after a day, and one that is switched off is not asked", async () => {
  const { id } = await subscribe(["order.posted"])
  await happen("order.posted")
  answers.push(...Array.from({ length: 15 }, () => 503))
  for (let tries = 0; tries < 20; tries++) {
    await send()
    platform.clock.advance(7_201_000)
  }
  assert.equal(received.splice(0).length, 15)
  const { body } = await platform.ask({ service: "gateway", path: `/api/v1/webhooks/${id}/deliveries` })
  assert.equal(body.data[0].attributes.status, "given-up")
  await platform.ask({
    service: "gateway",
    method: "PATCH",
    path: `/api/v1/webhooks/${id}`,
    body: { data: { type: "webhooks", attributes: { status: "off" } } },
  })
  await happen("order.posted")
  assert.equal(await send(), 0)
  await unsubscribe(id)
})

test("whoever dies in the middle of sending loses it to the next, and the receiver knows the event by its id", async () => {
  const { id } = await subscribe(["order.posted"])
  const event = await happen("order.posted")
  // Claimed, and then nothing more: what a killed copy leaves.
  await platform.shard.query("UPDATE gateway.webhook_due SET due_at = $1::timestamptz + interval '30 seconds'", [platform.clock.now()])
  assert.equal(await send(), 0)
  platform.clock.advance(31_000)
  await send()
  assert.deepEqual(
    received.splice(0).map((each) => each.id),
    [event],
  )
  await unsubscribe(id)
})

test("one shop can neither see nor change nor delete another one's webhook", async () => {
  const { id } = await subscribe(["order.posted"])
  const token = await platform.token({ shop: shops.neighbour })
  const body = { data: { type: "webhooks", attributes: { status: "off" } } }
  assert.equal((await platform.ask({ service: "gateway", path: "/api/v1/webhooks", token })).body.data.length, 0)
  assert.equal((await platform.ask({ service: "gateway", method: "PATCH", path: `/api/v1/webhooks/${id}`, body, token })).status, 404)
  assert.equal((await platform.ask({ service: "gateway", method: "DELETE", path: `/api/v1/webhooks/${id}`, token })).status, 404)
  assert.equal((await platform.ask({ service: "gateway", path: `/api/v1/webhooks/${id}/deliveries`, token })).body.data.length, 0)
  assert.equal(
    (await platform.ask({ service: "gateway", path: "/api/v1/webhooks", token: await platform.token({ role: "florist" }) })).status,
    403,
  )
  await unsubscribe(id)
})
