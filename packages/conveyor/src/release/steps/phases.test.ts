import assert from "node:assert/strict"
import { test } from "node:test"
import { loadConfig } from "../../config/load-config.ts"
import { revealed } from "../../kernel/secret.ts"
import { specsOf } from "../copies/copies.ts"
import { createEnvironments } from "../environments.ts"
import { Rehearsal } from "../rehearsal.ts"

test("a commit's build and tests are told nothing of what its copies are told, unless it was given to them by name", async () => {
  const stage = new Rehearsal(
    undefined,
    `, environment: { TOKEN: production }, build: { run: make, environment: { CACHE: /cache } }, test: make test`,
  )
  try {
    await stage.carryOut(await stage.ask("release", "a"))
    assert.deepEqual(stage.environments, { build: { CACHE: "/cache", CONVEYOR_COMMIT: "a" }, test: { CONVEYOR_COMMIT: "a" } })
  } finally {
    await stage.end()
  }
})

test("a copy is told what all copies are told, and what its service is told before that", async () => {
  const config = loadConfig(
    `name: shop
services:
  web: { start: run, routes: [/], environment: { LEVEL: debug } }
  api: { start: run, routes: [/api] }
environment: { TOKEN: t, LEVEL: info }
test: { run: x, environment: { TOKEN: scratch } }
`,
    "conveyor.yml",
    {},
  )
  const version = { name: "v1", commit: "c", subject: "", artifact: { id: "a", kind: "directory", ref: "/a" } }
  const environments = createEnvironments({ folder: "/nowhere", installation: config, variables: {} })
  const specs = await specsOf({ environments }, version as Parameters<typeof specsOf>[1], "r", config)
  const told = specs.map(({ service, environment }) => [service, revealed(environment)])
  assert.deepEqual(told, [
    ["web", { TOKEN: "t", LEVEL: "debug" }],
    ["api", { TOKEN: "t", LEVEL: "info" }],
  ])
})
