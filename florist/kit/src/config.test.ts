import assert from "node:assert/strict"
import { test } from "node:test"
import { readConfig } from "./config.ts"

test("by hand, a service needs only the directory", () => {
  const config = readConfig({ FLORIST_DIRECTORY_URL: "postgres://localhost/directory" })
  assert.deepEqual([config.host, config.port, config.identity.version], ["127.0.0.1", 0, null])
})

test("a wrong environment is refused with the name of each wrong variable", () => {
  assert.throws(() => readConfig({ PORT: "http" }), /PORT[\s\S]*FLORIST_DIRECTORY_URL/)
})
