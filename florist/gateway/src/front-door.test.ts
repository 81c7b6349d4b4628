// The front door before a real server that tells what reached it.
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, test } from "node:test"
import { trustIn } from "@florist/kit/client-address"
import Fastify from "fastify"
import { addFrontDoor } from "./front-door.ts"

const service = createServer((request, response) => response.end(JSON.stringify(request.headers)))
before(async () => {
  service.listen(0, "127.0.0.1")
  await once(service, "listening")
})
after(() => service.close())

test("behind an edge the longer address of published programs leads to the API's, with what was sent; other paths are told not to exist", async () => {
  const app = Fastify({ rewriteUrl: ({ url = "/" }) => url.replace(/^\/public(?=\/api\/v1\/)/, "") })
  try {
    await addFrontDoor(app, { services: {}, trustedProxies: trustIn("") })
    const url = await app.listen({ host: "127.0.0.1", port: 0 })
    const ask = (path: string) => fetch(`${url}${path}`, { method: "POST", body: "{}", redirect: "manual" })
    const led = await ask("/public/api/v1/orders?include=lines")
    assert.deepEqual([led.status, led.headers.get("location")], [308, "/api/v1/orders?include=lines"])
    assert.equal((await ask("/api/v1/nothing")).status, 404)
  } finally {
    await app.close()
  }
})

async function reached(trusted: string, headers: Record<string, string>): Promise<Record<string, string>> {
  const app = Fastify()
  try {
    const address = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
    await addFrontDoor(app, { services: { staff: address }, trustedProxies: trustIn(trusted) })
    const url = await app.listen({ host: "127.0.0.1", port: 0 })
    return (await (await fetch(`${url}/api/v1/sessions`, { headers })).json()) as Record<string, string>
  } finally {
    await app.close()
  }
}

const said = {
  "x-forwarded-for": "198.51.100.9, 203.0.113.7",
  x_forwarded_for: "198.51.100.9",
  "x-real-ip": "198.51.100.9",
  forwarded: "for=198.51.100.9",
  "x-kept": "yes",
}

test("a service hears who the client is from the front door, which believes only the proxies that it was told of", async () => {
  const who = ({ "x-real-ip": real, "x-forwarded-for": chain, forwarded, "x-kept": kept }: Record<string, string>) => [
    real,
    chain,
    forwarded,
    kept,
  ]
  const alone = await reached("", said)
  assert.deepEqual(who(alone), ["127.0.0.1", "127.0.0.1", "for=127.0.0.1", "yes"])
  assert.equal("x_forwarded_for" in alone, false)
  assert.deepEqual(who(await reached("loopback", said)), ["203.0.113.7", "203.0.113.7", "for=203.0.113.7", "yes"])
  assert.deepEqual(who(await reached("loopback", { ...said, "x-forwarded-for": "2001:db8::7" })), [
    "2001:db8::7",
    "2001:db8::7",
    'for="[2001:db8::7]"',
    "yes",
  ])
})
