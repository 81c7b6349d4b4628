import assert from "node:assert/strict"
import { test } from "node:test"
import { createApp } from "@florist/kit/app"
import type { Database } from "@florist/kit/database"
import { notFound } from "@florist/kit/refusal"
import { catalog } from "./service.ts"

const identity = { build: null, release: null, version: null, copy: null }
const rose = { shop_id: "17", id: "2", name: "White rose", kind: "stem", price: "22050", currency: "RUB" }

test("a shop's items come with its name and with prices as whole kopecks", async () => {
  const app = await appOver({ query: async () => [rose] })
  const answer = await app.inject("/api/v1/catalog/items?shop=17")
  assert.deepEqual(answer.json(), {
    shop: { id: 17, name: "Rose", city: "Tver" },
    items: [{ id: 2, name: "White rose", kind: "stem", price: 22_050, currency: "RUB" }],
  })
})

test("an item or a shop that does not exist is a 404, a wrong number a 422", async () => {
  const app = await appOver({ query: async () => [] })
  const cases = { "/2?shop=17": 404, "?shop=1": 404, "?shop=x": 422, "": 422, "/0?shop=17": 422, "/2": 422 }
  for (const [path, status] of Object.entries(cases)) {
    const answer = await app.inject(`/api/v1/catalog/items${path}`)
    assert.equal(answer.statusCode, status, path)
    assert.equal(answer.json().errors[0].status, status)
  }
})

test("the page and its files are asked for again each time, so that no version runs with another one's files", async () => {
  const app = await appOver({ query: async () => [] })
  for (const path of ["/", "/assets/kassa.js", "/assets/kassa.css"]) {
    const answer = await app.inject(path)
    assert.equal(answer.statusCode, 200, path)
    assert.equal(answer.headers["cache-control"], "no-cache")
    const again = await app.inject({ url: path, headers: { "if-none-match": String(answer.headers.etag) } })
    assert.equal(again.statusCode, 304, path)
  }
})

test("nothing outside the page's folder is served", async () => {
  const app = await appOver({ query: async () => [] })
  for (const path of ["/../package.json", "/..%2fpackage.json", "/assets/..%2f..%2fpackage.json", "/.env"]) {
    const { statusCode } = await app.inject(path)
    assert.ok(statusCode >= 400 && statusCode < 500, `${statusCode} for ${path}`)
  }
})

function appOver(database: Database): ReturnType<typeof createApp> {
  const fleet = {
    async shop(id: number) {
      if (id !== 17) throw notFound(`shop ${id}`, "shop")
      return { id, name: "Rose", city: "Tver", shard: { name: "s1", url: "postgres://localhost/s1" }, database }
    },
    warmUp: async () => {},
    close: async () => {},
  }
  return createApp(catalog, fleet, { identity, logLevel: "silent" })
}
