import assert from "node:assert/strict"
import { test } from "node:test"
import { parseRoutingTable } from "./table.ts"

const usable = { generation: 1, current: "v1", routes: [], versions: { v1: { release: "r", targets: {} } } }

test("an unusable table is refused with every place that is wrong", () => {
  const input = { generation: 1.5, current: "v 1", routes: [{ prefix: "api", service: "web" }], versions: {} }
  assert.throws(() => parseRoutingTable(input), /generation: .*; current: .*; routes\.0\.prefix/)
})

test("a route has a star as a whole segment alone, and no slash at its end", () => {
  const withRoute = (prefix: string) => () => parseRoutingTable({ ...usable, routes: [{ prefix, service: "web" }] })
  for (const prefix of ["/", "/*", "/api/*/payments", "/api/*", "/*/*"]) assert.doesNotThrow(withRoute(prefix), prefix)
  for (const prefix of ["/a*", "/*.js", "/api/**", "/api/", "*", "", "/*/"]) assert.throws(withRoute(prefix), /routes\.0\.prefix/, prefix)
})

test("a rescue must name versions of the table", () => {
  assert.throws(() => parseRoutingTable({ ...usable, rescue: { from: "v1", to: "v0" } }), /rescue\.to: v0 is not among the versions/)
})
