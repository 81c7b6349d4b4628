import assert from "node:assert/strict"
import { test } from "node:test"
import { revealed } from "../kernel/secret.ts"
import { loadConfig } from "./load-config.ts"
import { complaintsOf } from "./testing.ts"

const smallest = `name: shop
services:
  web: { start: node main.js, routes: [/] }
`

test("the smallest file is complete: every default is filled in, durations are milliseconds", () => {
  const config = loadConfig(smallest, "conveyor.yml", {})
  assert.equal(config.services["web"]?.copies, 1)
  assert.equal(config.release.notice, 900_000)
  assert.equal(config.release.bake.at_least, 100)
  assert.equal(config.edge.listen, "127.0.0.1:8080")
})

test("an unknown key is refused with its line, column and path", () => {
  assert.deepEqual(complaintsOf(`${smallest}    \nrelase:\n  notice: 15m\n`), [
    { line: 5, column: 1, key: "relase", message: 'no such key here; did you mean "release"?' },
  ])
})

test("a duration that cannot be read says where it stands and how to write one", () => {
  const [complaint] = complaintsOf(`${smallest}release:\n  notice: soon\n`)
  assert.equal(complaint?.line, 5)
  assert.equal(complaint?.key, "release.notice")
  assert.match(complaint?.message ?? "", /15m/)
})

test("a route may have stars, each a whole segment", () => {
  const withRoutes = (routes: string) => `name: shop\nservices:\n  web: { start: run, routes: [${routes}] }\n`
  assert.deepEqual(complaintsOf(withRoutes('/, "/api/v1/orders/*/payments", "/*", "/api/*"')), [])
  const [complaint, ...others] = complaintsOf(withRoutes('/, "/api/v1/orders/*-old/payments"'))
  assert.deepEqual([complaint?.line, complaint?.key, others], [3, "services.web.routes.1", []])
  assert.match(complaint?.message ?? "", /a whole segment/)
  for (const wrong of ["/**", "/*.js", "/a*", "/*/", "*"]) assert.equal(complaintsOf(withRoutes(`"${wrong}"`)).length > 0, true, wrong)
})

test("every mistake is told at once, in the order of the file", () => {
  const found = complaintsOf("name: Shop\nservices:\n  web: { start: '', routes: [] }\n")
  assert.deepEqual(
    found.map((c) => c.key),
    ["name", "services.web.start", "services.web.routes"],
  )
})

test("broken YAML is placed", () => {
  const [complaint] = complaintsOf("name: shop\nservices: [\n")
  assert.ok((complaint?.line ?? 0) >= 2)
})

test("variables are filled in from the environment, and a missing one is placed", () => {
  const text = `${smallest}environment:\n  DATABASE_URL: \${DB}\n  PRICE: $$5\n`
  const config = loadConfig(text, "conveyor.yml", { DB: "postgres://127.0.0.1/x" })
  assert.deepEqual(revealed(config.environment), { DATABASE_URL: "postgres://127.0.0.1/x", PRICE: "$5" })
  assert.deepEqual(
    complaintsOf(text).map((c) => [c.line, c.column]),
    [[5, 17]],
  )
})

test("the control plane's address is one port or several of this machine, and nothing that others can reach", () => {
  const file = (listen: string) => `{ name: shop, services: { web: { start: x, routes: [/] } }, control: { listen: "${listen}" } }`
  const listenOf = (listen: string) => loadConfig(file(listen), "conveyor.yml", {}).control.listen
  assert.deepEqual(listenOf("127.0.0.1:9000"), { host: "127.0.0.1", ports: { from: 9_000, to: 9_000 } })
  assert.deepEqual(listenOf("[::1]:9000-9009"), { host: "::1", ports: { from: 9_000, to: 9_009 } })
  assert.deepEqual(listenOf("localhost:0"), { host: "localhost", ports: { from: 0, to: 0 } })
  for (const [listen, told] of [
    ["0.0.0.0:9000", /others could reach this one/],
    ["10.0.0.1:9000", /others could reach this one/],
    ["127.0.0.1", /right is: an address of this machine/],
    ["127.0.0.1:9009-9000", /the lower first/],
    ["127.0.0.1:70000", /right is: an address of this machine/],
  ] as const)
    assert.throws(() => listenOf(listen), told, listen)
})
