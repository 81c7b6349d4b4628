import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import { choosePolicy, defaultPolicy } from "../change/policy.ts"
import { edge } from "../config/edge-policy.ts"
import { fleetsOf } from "../config/fleets.ts"
import type { NamedFleetConfig } from "../config/fleets.ts"
import { loadConfig } from "../config/load-config.ts"
import { edgeSettings } from "../edge/embedded/settings.ts"
import type { UsersView } from "../release/routing/users-view.ts"
import { changePolicyOf, edgeSettingsOf } from "./policies.ts"

const smallest = "name: shop\nservices: { web: { start: run, routes: [/] } }\n"
const read = (rest: string) => loadConfig(`${smallest}${rest}`, "conveyor.yml", {})
const policyOf = (fleet: string) => {
  const [only] = fleetsOf(read(`fleet: { shards: { a: postgres://db/a }, ${fleet} }`))
  assert.ok(only)
  return choosePolicy(changePolicyOf(only))
}

/** The annotated reference with everything that is commented out put in. */
async function reference(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, "../config/reference.yml"), "utf8")
  const lines = text.split("\n").map((line) => (/^\s*# ? *(# .*|[a-z_0-9-]+:.*)$/.test(line) ? line.replace("# ", "") : line))
  return lines.join("\n")
}

test("what the reference shows as the defaults of fleets and edge are what the engine and the edge take without them", async () => {
  const shown = loadConfig(await reference(), "reference.yml", { SHOP_1_URL: "postgres://db/shop" })
  const [fleet] = fleetsOf(shown)
  assert.ok(fleet)
  const policy = choosePolicy(changePolicyOf(fleet))
  assert.deepEqual(policy, { ...defaultPolicy, throttle: { ...defaultPolicy.throttle, window: ["20:00", "06:00"] } })
  assert.deepEqual(edgeSettings.parse(edgeSettingsOf(shown.edge)), edgeSettings.parse({}))
})

/** What follows from the way that they work, and is nobody's to choose. */
const edgesOwn = ["halfClosedMs", "lingerMs", "idleGraceMs", "pagesReturnWithinMs"]
const enginesOwn = [
  ...["firstRows", "smallestRows", "panicFactor", "rowLockMs", "strides", "vacuumEvery"].map((name) => `batch.${name}`),
  ...["firstPauseMs", "longestPauseMs", "watchMs", "rivalMs"].map((name) => `lock.${name}`),
  "throttle.everyMs",
  "throttle.foreground",
  "disk.probe",
  "contract.watch",
  "fleet.firstPauseMs",
  "fleet.longestPauseMs",
]

test("every setting of the edge and of the engine is either reached from conveyor.yml or named as their own", async () => {
  const shown = loadConfig((await reference()).replace("wal_per_second: off", "wal_per_second: 1MB"), "reference.yml", {
    SHOP_1_URL: "postgres://db/shop",
  })
  const reached = Object.keys(edgeSettingsOf(shown.edge))
  assert.deepEqual([...reached, ...edgesOwn].toSorted(), Object.keys(edgeSettings.shape).toSorted())
  const [fleet] = fleetsOf(shown)
  assert.ok(fleet)
  const namesOf = (policy: object) =>
    Object.entries(policy).flatMap(([part, knobs]) => Object.keys(knobs as object).map((knob) => `${part}.${knob}`))
  assert.deepEqual([...namesOf(changePolicyOf(fleet)), ...enginesOwn].toSorted(), namesOf(defaultPolicy).toSorted())
})

test("what the reference shows as the latency at which batches wait is what they wait for without it", async () => {
  const users = { p99Ms: async () => 0, complaints: async () => [] } as unknown as UsersView
  const limitOf = async (fleet: NamedFleetConfig) =>
    (await changePolicyOf(fleet, users).throttle?.foreground?.("a", new AbortController().signal))?.limitMs
  const [shown] = fleetsOf(loadConfig(await reference(), "reference.yml", { SHOP_1_URL: "postgres://db/shop" }))
  const [silent] = fleetsOf(read("fleet: { shards: { a: postgres://db/a } }"))
  assert.ok(shown !== undefined && silent !== undefined)
  assert.equal(await limitOf(silent), await limitOf(shown))
})

test("whatever conveyor.yml takes, the edge takes: what it would refuse is refused where a person has written it", () => {
  const odd = [
    "0s",
    "1ms",
    "0.5ms",
    "1.5s",
    "20d",
    "99999d",
    "1B",
    "1KB",
    "1.5KB",
    "1MB",
    "16MB",
    "1024TB",
    "9999TB",
    0,
    1,
    15,
    16,
    10_000,
    10_000_000,
    1e9,
  ]
  const { timeouts, limits } = edge.shape
  let taken = 0
  for (const [part, keys] of Object.entries({ timeouts, limits })) {
    for (const key of Object.keys(keys.unwrap().shape)) {
      for (const value of odd) {
        const config = tried(() => read(`edge: { ${part}: { ${key}: ${value} } }`))
        if (config === undefined) continue
        taken++
        assert.ok(edgeSettings.safeParse(edgeSettingsOf(config.edge)).success, `${part}.${key}: ${value}`)
      }
    }
  }
  assert.ok(taken > 50, `${taken} were taken`)
})

function tried<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

test("what is said in conveyor.yml is what the engine and the edge hold to; off is no limit", () => {
  assert.deepEqual(policyOf(""), defaultPolicy)
  const policy = policyOf("throttle: { replica_lag: off, wal_per_second: 16MB }, locks: { wait: 1s }, disk: { unknown: refuse }")
  assert.equal(policy.throttle.replicaLagMs, undefined)
  assert.equal(policy.throttle.walBytesPerSecond, 16 * 2 ** 20)
  assert.equal(policy.throttle.oldestTransactionMs, defaultPolicy.throttle.oldestTransactionMs)
  assert.deepEqual([policy.lock.waitMs, policy.disk.unknown], [1_000, "refuse"])
  const { edge: said } = read("edge: { timeouts: { answer: 2m }, limits: { body: 5MB, requests_per_client: 10 } }")
  const settings = edgeSettings.parse(edgeSettingsOf(said))
  assert.deepEqual([settings.answerTimeoutMs, settings.maxBodyBytes, settings.requestsPerClient], [120_000, 5 * 2 ** 20, 10])
})
