import assert from "node:assert/strict"
import { test } from "node:test"
import { BadFileError } from "../kernel/yaml/bad-file-error.ts"
import { fleetsOf } from "./fleets.ts"
import { loadConfig } from "./load-config.ts"

const file = (rest: string) => `{ name: shop, services: { web: { start: x, routes: [/] } }, ${rest} }`
const load = (rest: string) => loadConfig(file(rest), "conveyor.yml", {})
const told = (rest: string): string => {
  try {
    load(rest)
  } catch (thrown) {
    assert.ok(thrown instanceof BadFileError)
    return thrown.message
  }
  return "it was taken"
}

test("fleets have names and folders of their own; one may be written short", () => {
  const names = (rest: string) => fleetsOf(load(rest)).map(({ name, changes }) => `${name} ${changes}`)
  assert.deepEqual(names("fleet: { shards: { a: postgres://x/d } }"), ["fleet changes"])
  assert.deepEqual(
    names("fleets: { shops: { shards: { a: postgres://x/d } }, accounts: { changes: db, shards: { b: postgres://y/d } } }"),
    ["shops changes/shops", "accounts db"],
  )
  assert.deepEqual(names("build: make"), [])
})

test("what would be ambiguous is told with its key: both forms, one folder for two, one shard's name twice", () => {
  assert.match(
    told("fleet: { shards: { a: postgres://x/d } }, fleets: { shops: { shards: { b: postgres://x/d } } }"),
    /fleets: .*either `fleet` or `fleets`/s,
  )
  assert.match(
    told("fleets: { shops: { changes: db, shards: { a: postgres://x/d } }, accounts: { changes: ./db/, shards: { b: postgres://y/d } } }"),
    /fleets\.accounts\.changes.*found "\.\/db\/".*that of shops already/s,
  )
  assert.match(
    told("fleets: { shops: { shards: { a: postgres://x/d } }, accounts: { shards: { a: postgres://y/d } } }"),
    /fleets\.accounts\.shards\.a.*a is a shard of shops already/s,
  )
})
