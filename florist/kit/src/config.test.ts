import assert from "node:assert/strict"
import { test } from "node:test"
import { readConfig } from "./config.ts"

const least = { FLORIST_DIRECTORY_URL: "postgres://localhost/directory", FLORIST_SECRET: "x".repeat(32) }

test("by hand, a service needs only the directory and the secret", () => {
  const config = readConfig(least)
  assert.deepEqual([config.host, config.port, config.identity.version], ["127.0.0.1", 0, null])
})

test("a wrong environment is refused with the name of each wrong variable", () => {
  assert.throws(() => readConfig({ PORT: "http" }), /PORT[\s\S]*FLORIST_DIRECTORY_URL[\s\S]*FLORIST_SECRET/)
})

test("other services are asked where it is said, under Conveyor through its edge, and otherwise nowhere", () => {
  assert.equal(readConfig(least).peerUrl("stock"), undefined)
  assert.equal(readConfig({ ...least, CONVEYOR_EDGE: "http://127.0.0.1:8080" }).peerUrl("stock"), "http://127.0.0.1:8080/internal/stock")
  assert.equal(readConfig({ ...least, CONVEYOR_EDGE: "http://e", FLORIST_PEERS: "http://p/" }).peerUrl("stock"), "http://p/internal/stock")
})
