import assert from "node:assert/strict"
import { test } from "node:test"
import { createApp } from "@florist/kit/app"
import type { Database } from "@florist/kit/database"
import { notFound, unavailable } from "@florist/kit/refusal"
import { payments } from "./service.ts"

const identity = { build: null, release: null, version: "v7", copy: null }
const id = "0198f2aa-0000-7000-8000-000000000001"
const request = { id, shop: 17, order: id, amount: 100, currency: "RUB", method: "cash" }

test("a payment for a shop that nobody opened is a 404; one that nobody can read is a 422 that names the field", async () => {
  const app = await appOver({ query: async () => [] })
  const unknown = await app.inject({ method: "POST", url: "/api/v1/payments", payload: { ...request, shop: 1 } })
  assert.equal(unknown.statusCode, 404)
  const unread = await app.inject({ method: "POST", url: "/api/v1/payments", payload: { ...request, amount: "100" } })
  assert.equal(unread.statusCode, 422)
  assert.equal(unread.json().errors[0].source, "body.amount")
})

test("while the shard does not answer, a client is told so and when to ask again", async () => {
  const app = await appOver({ query: () => Promise.reject(unavailable("Shard s1", new Error("ECONNREFUSED"))) })
  const paths = [`/${id}?shop=17`, "?shop=17", "/summary?shop=17", "/feed?shop=17"]
  for (const path of paths) {
    const answer = await app.inject(`/api/v1/payments${path}`)
    assert.deepEqual([answer.statusCode, answer.headers["retry-after"]], [503, "1"], path)
    assert.match(answer.json().errors[0].detail, /Shard s1 does not answer/)
  }
})

test("a receipt is taken as bytes of any type, never parsed", async () => {
  const stored: unknown[] = []
  const app = await appOver({
    async query(_text, values) {
      stored.push(values?.slice(2))
      return []
    },
  })
  const upload = { method: "POST", url: `/api/v1/payments/receipts?shop=17&payment=${id}`, payload: "{ not JSON" } as const
  const answer = await app.inject({ ...upload, headers: { "content-type": "application/json" } })
  assert.equal(answer.statusCode, 201)
  assert.deepEqual(stored, [[answer.json().sha256, 10]])
  assert.equal((await app.inject({ ...upload, payload: "" })).statusCode, 422)
})

function appOver(database: Database): ReturnType<typeof createApp> {
  const fleet = {
    async shop(shop: number) {
      if (shop !== 17) throw notFound(`shop ${shop}`, "shop")
      return { id: shop, name: "Rose", city: "Tver", shard: { name: "s1", url: "postgres://localhost/s1" }, database }
    },
    warmUp: async () => {},
    close: async () => {},
  }
  return createApp(payments, fleet, { identity, logLevel: "silent" })
}
