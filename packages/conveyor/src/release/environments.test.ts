import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { loadConfig } from "../config/load-config.ts"
import { Secret, revealed } from "../kernel/secret.ts"
import { differing } from "../store/environments.ts"
import type { VersionRecord } from "../store/records.ts"
import { createEnvironments } from "./environments.ts"

const root = mkdtempSync(join(tmpdir(), "conveyor-environments-"))
after(() => rmSync(root, { recursive: true }))
const signal = new AbortController().signal
const tokenFile = join(root, "token")
writeFileSync(tokenFile, "planted-1")

const services = "services: { web: { start: x, routes: [/], secrets: { KEY: { env: KEY } } }, api: { start: x, routes: [/api] } }"
const config = loadConfig(
  `{ name: shop, ${services}, environment: { LEVEL: info }, secrets: { TOKEN: { file: ${tokenFile} } } }`,
  "conveyor.yml",
  {},
)
let count = 0
const fresh = () => {
  const folder = join(root, `state-${count++}`)
  return { folder, environments: createEnvironments({ folder, installation: config, variables: { KEY: "planted-key" } }) }
}
const versionWith = (environment: VersionRecord["environment"]) => ({ name: "v1", commit: "c", environment }) as VersionRecord
const record = (told: Awaited<ReturnType<ReturnType<typeof fresh>["environments"]["of"]>>) =>
  Object.fromEntries(Object.entries(told).map(([service, each]) => [service, revealed(each)]))

test("each service is told what is written for all, its secrets, and before these what was set by hand", async () => {
  const { environments } = fresh()
  await environments.change({ all: { LEVEL: new Secret("debug") }, services: { api: { ONLY: new Secret("api") } } })
  const taken = await environments.take(config, signal)
  assert.deepEqual(record(await environments.of(versionWith(taken), config)), {
    web: { LEVEL: "debug", TOKEN: "planted-1", KEY: "planted-key" },
    api: { LEVEL: "debug", TOKEN: "planted-1", ONLY: "api" },
  })
})

test("a changed secret is another environment, and the one before stays what it was", async () => {
  const { environments } = fresh()
  const first = await environments.take(config, signal)
  assert.deepEqual(await environments.take(config, signal), first)
  writeFileSync(tokenFile, "planted-2")
  const second = await environments.take(config, signal)
  assert.notEqual(second?.id, first?.id)
  assert.deepEqual(differing(first, second), ["TOKEN"])
  assert.equal(record(await environments.of(versionWith(first), config))["web"]?.["TOKEN"], "planted-1")
  assert.equal(record(await environments.of(versionWith(second), config))["web"]?.["TOKEN"], "planted-2")
})

test("what is recorded of an environment tells nothing of its values, and files with values are their owner's alone", async () => {
  const { folder, environments } = fresh()
  const taken = await environments.take(config, signal)
  assert.doesNotMatch(JSON.stringify(taken), /planted|info/)
  // Without the key nobody can try values out: another installation gives other digests of the same.
  const other = await fresh().environments.take(config, signal)
  assert.ok(Object.entries(taken?.names ?? {}).every(([name, digest]) => other?.names[name] !== digest))
  assert.equal(statSync(folder).mode & 0o077, 0)
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name)
  assert.match(readFileSync(join(folder, `${taken?.id ?? ""}.json`), "utf8"), /planted/)
})

test("what copies were told is never made up where it was lost", async () => {
  const { folder, environments } = fresh()
  const taken = await environments.take(config, signal)
  rmSync(join(folder, `${taken?.id ?? ""}.json`))
  await assert.rejects(environments.of(versionWith(taken), config), { code: "environment-lost" })
})

test("a commit reads no file and runs no command of the machine that the installation did not name", async () => {
  const { environments } = fresh()
  for (const source of ["{ file: /etc/shadow }", "{ command: cat /etc/shadow }"]) {
    const pushed = loadConfig(`{ name: shop, ${services}, secrets: { TOKEN: ${source} } }`, "conveyor.yml", {})
    await assert.rejects(environments.take(pushed, signal), { code: "secret-not-granted" })
    await assert.rejects(environments.read(pushed.secrets, signal), { code: "secret-not-granted" })
  }
})

test("what differs is told by name: of one service where only that one differs", () => {
  const of = (names: Record<string, string>) => ({ id: "x", names })
  const before = of({ "web/A": "1", "api/A": "1", "web/B": "1" })
  assert.deepEqual(differing(before, of({ "web/A": "2", "api/A": "1", "web/C": "1" })), ["B", "C", "web/A"])
  assert.deepEqual(differing(undefined, before), ["A", "B"])
  assert.deepEqual(differing(before, before), [])
})
