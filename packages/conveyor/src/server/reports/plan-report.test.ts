import assert from "node:assert/strict"
import { test } from "node:test"
import type { ChangeEngine, PlannedStatement } from "../../change/engine.ts"
import { loadConfig } from "../../config/load-config.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Ports } from "../../release/ports.ts"
import { Rehearsal } from "../../release/rehearsal.ts"
import { planReport } from "./plan-report.ts"

const signal = new AbortController().signal

async function rehearse(body: (stage: Rehearsal, ports: Ports) => Promise<void>): Promise<void> {
  const stage = new Rehearsal()
  try {
    await body(stage, await stage.ports())
  } finally {
    await stage.end()
  }
}

const does = async (ports: Ports, revision: string) =>
  Object.fromEntries((await planReport(ports, revision, signal)).steps.map((step) => [step.step, step.does]))

test("the first release has nothing to compare with and nothing to retire", () =>
  rehearse(async (_stage, ports) => {
    const steps = await does(ports, "a")
    assert.equal(steps["build"], "unpack the commit")
    assert.match(steps["test"] ?? "", /names no test command/)
    assert.equal(steps["start"], "2 of web")
    assert.equal(steps["verify"], "each new copy: POST /api/v1/status; then 5 times to warm it up")
    assert.equal(steps["switch"], "generation 1: new pages to the new version")
    assert.match(steps["bake"] ?? "", /^nothing/)
    assert.equal(steps["retire"], "nothing")
  }))

test("a later release says what becomes of the version that serves, and finds the artifact that there is", () =>
  rehearse(async (stage, ports) => {
    assert.notEqual(await stage.carryOut(await stage.ask("release", "a")), "killed")
    const steps = await does(ports, "b")
    assert.equal(steps["switch"], "generation 2: new pages to the new version, pages of v1 stay")
    assert.equal(steps["bake"], "compare with v1 over 10 s")
    assert.match(steps["retire"] ?? "", /pages of v1 reload within .*; kept warm for 1 h/)
    const again = await planReport(ports, "v1", signal)
    assert.deepEqual([again.version, again.commit], ["v1", "a"])
    assert.match(again.steps[0]?.does ?? "", /nothing: artifact art-a exists/)
  }))

test("what a release would do to the fleet is planned from the change files as the commit has them", () =>
  rehearse(async (_stage, ports) => {
    const config = loadConfig(
      "{ name: shop, services: { web: { start: run, routes: [/] } }, fleet: { shards: { shop-1: postgres://x/d } } }",
      "conveyor.yml",
      {},
    )
    const statement: PlannedStatement = { shard: "shop-1", phase: "expand", sql: "ALTER", lock: "none", estimatedMs: 1, estimatedBytes: 0 }
    const engine: Partial<ChangeEngine> = { plan: async () => [statement] }
    const seen: string[] = []
    const fleet: Ports = {
      ...ports,
      readConfig: async () => config,
      changeEngine: () => engine as ChangeEngine,
      loadChanges: async (commit, folder) => {
        seen.push(`${commit}:${folder}`)
        return []
      },
    }
    const { statements, steps } = await planReport(fleet, "a", signal)
    assert.deepEqual([...new Set(seen)], ["a:changes"])
    assert.deepEqual(statements, [statement])
    assert.equal(steps.find(({ step }) => step === "expand")?.does, "1 statement on 1 shard")
    assert.equal(steps.find(({ step }) => step === "backfill")?.does, "nothing")
  }))

test("what a plan says of the start is what the release then does", async () => {
  const stage = new Rehearsal(
    "bake: { for: 1s, at_least: 0 }, notice: 1s, start: { at_once: 1 }",
    "",
    "web: { start: run, routes: [/], copies: 3 }",
  )
  try {
    const ports = await stage.ports()
    await ports.versions.ensure("a", "Commit a")
    const planned = (await planReport(ports, "v1", signal)).steps.find(({ step }) => step === "start")?.plan
    assert.deepEqual(planned?.["waves"], [{ web: 1 }, { web: 2 }, { web: 3 }])
    const wanted: Record<string, number>[] = []
    stage.onWant = (specs) => wanted.push(Object.fromEntries(specs.map(({ service, copies }) => [service, copies])))
    await stage.carryOut(await stage.ask("release", "a"))
    assert.deepEqual(wanted.slice(0, 3), planned["waves"])
  } finally {
    await stage.end()
  }
})

test("a conveyor.yml that is wrong is refused with its place, like in a release", () =>
  rehearse(async (_stage, ports) => {
    const readConfig = async () => loadConfig("name: [", "conveyor.yml", {})
    await assert.rejects(
      planReport({ ...ports, readConfig }, "a", signal),
      (thrown) => thrown instanceof ConveyorError && thrown.code === "bad-file",
    )
  }))

test("with a shard that does not answer the plan says what it cannot know, and all the rest", () =>
  rehearse(async (_stage, ports) => {
    const config = loadConfig(
      "{ name: shop, services: { web: { start: run, routes: [/] } }, fleet: { shards: { shop-1: postgres://x/d } } }",
      "conveyor.yml",
      {},
    )
    const plan = () => Promise.reject(new ConveyorError("shard-unreachable", "shard shop-1: no connection"))
    const engine = { plan } as unknown as ChangeEngine
    const report = await planReport({ ...ports, readConfig: async () => config, changeEngine: () => engine }, "a", signal)
    assert.deepEqual(report.unknown, ["unknown while a shard does not answer: shard shop-1: no connection"])
    assert.match(report.steps.find(({ step }) => step === "backfill")?.does ?? "", /^unknown while a shard/)
    assert.equal(report.steps.find(({ step }) => step === "start")?.does, "1 of web")
  }))
