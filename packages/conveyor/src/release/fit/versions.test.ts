import assert from "node:assert/strict"
import { test } from "node:test"
import type { Change } from "../../change/change.ts"
import type { ChangeEngine, ChangeStatus } from "../../change/engine.ts"
import { loadConfig } from "../../config/load-config.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { VersionRecord } from "../../store/records.ts"
import type { Ports } from "../ports.ts"
import { Rehearsal } from "../rehearsal.ts"
import { artifactOf, changesIn, changeOf, fleetOf, fleetStatus, routesOf } from "./versions.ts"

const signal = new AbortController().signal
const services = "services: { web: { start: run, routes: [/, /about] }, till: { start: run, routes: [/api] } }"
const withFleet = loadConfig(`{ name: shop, ${services}, fleet: { changes: db, shards: { shop-1: postgres://x/d } } }`, "conveyor.yml", {})
const withoutFleet = loadConfig(`{ name: shop, ${services} }`, "conveyor.yml", {})

const change = (name: string): Change => ({ name, file: `${name}.yml`, digest: name, summary: "", operations: [], places: new Map() })
const status = (each: Change): ChangeStatus => ({ change: each.name, readiness: "ready", contract: "none", shards: [] })

/** Versions by the changes in their commits; v1 first. Undefined: never built. */
async function staged(commits: readonly (readonly string[] | undefined)[], body: (ports: Ports) => Promise<void>): Promise<void> {
  const stage = new Rehearsal()
  try {
    const ports = await stage.ports()
    const folders = new Map<string, readonly string[]>()
    for (const [i, changes] of commits.entries()) {
      const { name } = await ports.versions.ensure(`commit-${i}`, "")
      if (changes === undefined) continue
      await ports.versions.built(name, { id: `art-${i}`, kind: "directory", ref: `/art-${i}` }, changes)
      folders.set(`commit-${i}/db`, changes)
    }
    const engine: Partial<ChangeEngine> = { status: async (changes) => changes.map(status) }
    await body({
      ...ports,
      changeEngine: () => engine as ChangeEngine,
      loadChanges: async (commit, folder) => (folders.get(`${commit}/${folder}`) ?? []).map(change),
    })
  } finally {
    await stage.end()
  }
}

async function version(ports: Ports, name: string): Promise<VersionRecord> {
  const found = await ports.versions.find(name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

test("a version that was never built has no artifact, and the refusal says how it gets one", () =>
  staged([undefined], async (ports) => {
    const neverBuilt = await version(ports, "v1")
    assert.throws(
      () => artifactOf(neverBuilt),
      (thrown) => thrown instanceof ConveyorError && thrown.code === "not-built" && /conveyor release commit-/.test(thrown.hint ?? ""),
    )
  }))

test("a fleet knows the changes of every built version, so that an old one is seen to lack the new", () =>
  staged([["0001-a"], ["0001-a", "0002-b"], undefined, ["0001-a", "0002-b", "0003-c"]], async (ports) => {
    const fleet = await fleetOf(ports, await version(ports, "v1"), withFleet)
    assert.deepEqual(
      fleet?.own.map((each) => each.name),
      ["0001-a"],
    )
    assert.deepEqual(
      (await fleetStatus(ports, fleet, signal)).map((each) => each.change),
      ["0001-a", "0002-b", "0003-c"],
    )
  }))

test("where no fleet is named there is none, and nothing stands in the way", () =>
  staged([[]], async (ports) => {
    const fleet = await fleetOf(ports, await version(ports, "v1"), withoutFleet)
    assert.equal(fleet, undefined)
    assert.deepEqual(await fleetStatus(ports, fleet, signal), [])
  }))

test("a change is found in its own version only", () =>
  staged([["0001-a"], ["0001-a", "0002-b"]], async (ports) => {
    assert.equal((await changeOf(ports, await version(ports, "v2"), withFleet, "0002-b")).change.name, "0002-b")
    await assert.rejects(
      changeOf(ports, await version(ports, "v1"), withFleet, "0002-b"),
      (thrown) => thrown instanceof ConveyorError && thrown.code === "no-such-change",
    )
  }))

test("every path of every service is a route", () => {
  assert.deepEqual(routesOf(withoutFleet), [
    { prefix: "/", service: "web" },
    { prefix: "/about", service: "web" },
    { prefix: "/api", service: "till" },
  ])
  const byHost = loadConfig(
    "{ name: shop, services: { web: { start: run, routes: [shop.test/, '*.shop.test/a/*'] } } }",
    "conveyor.yml",
    {},
  )
  assert.deepEqual(routesOf(byHost), [
    { host: "shop.test", prefix: "/", service: "web" },
    { host: "*.shop.test", prefix: "/a/*", service: "web" },
  ])
})

test("the changes of several fleets are known by their folders, and two of one name are refused", () =>
  staged([], async (ports) => {
    const config = loadConfig(
      `{ name: shop, ${services}, fleets: { shops: { shards: { a: postgres://x/d } }, accounts: { changes: db, shards: { b: postgres://y/d } } } }`,
      "conveyor.yml",
      {},
    )
    const folders: Record<string, string[]> = { "changes/shops": ["0001-a", "0003-c"], db: ["0002-b"] }
    const loadChanges = async (_: string, folder: string) => (folders[folder] ?? []).map(change)
    assert.deepEqual(
      (await changesIn({ ...ports, loadChanges }, "c", config)).map(({ name }) => name),
      ["0001-a", "0002-b", "0003-c"],
    )
    folders["db"] = ["0001-a"]
    await assert.rejects(changesIn({ ...ports, loadChanges }, "c", config), { code: "bad-change" })
  }))
