import assert from "node:assert/strict"
import { test } from "node:test"
import { longestFirst, parseRoutingTable, serviceFor } from "./table.ts"

test("the longest prefix wins, and a prefix ends at a segment's end", () => {
  const routes = longestFirst([
    { prefix: "/", service: "web" },
    { prefix: "/api/v1", service: "catalog" },
    { prefix: "/api/v1/payments", service: "payments" },
  ])
  assert.equal(serviceFor(routes, "/api/v1/payments"), "payments")
  assert.equal(serviceFor(routes, "/api/v1/payments/7"), "payments")
  assert.equal(serviceFor(routes, "/api/v1/payments2"), "catalog")
  assert.equal(serviceFor(routes, "/api/v10"), "web")
})

test("a path that no prefix covers has no service", () => {
  assert.equal(serviceFor([{ prefix: "/api", service: "api" }], "/apis"), undefined)
})

test("an unusable table is refused with every place that is wrong", () => {
  const input = { generation: 1.5, current: "v 1", routes: [{ prefix: "api", service: "web" }], versions: {} }
  assert.throws(() => parseRoutingTable(input), /generation: .*; current: .*; routes\.0\.prefix/)
})

test("a rescue must name versions of the table", () => {
  const input = {
    generation: 1,
    current: "v1",
    routes: [],
    versions: { v1: { release: "r", targets: {} } },
    rescue: { from: "v1", to: "v0" },
  }
  assert.throws(() => parseRoutingTable(input), /rescue\.to: v0 is not among the versions/)
})
