import assert from "node:assert/strict"
import { test } from "node:test"
import type { ChangeStatus, ShardStatus } from "../../change/engine.ts"
import { loadConfig } from "../../config/load-config.ts"
import type { VersionRecord } from "../../store/records.ts"
import { stepInWords } from "./in-words.ts"
import type { Observed, Wish } from "./observed.ts"
import { planRun } from "./plan-run.ts"
import type { PlannedSteps } from "./planned.ts"

const config = loadConfig(
  `{ name: shop, test: npm test, build: npm ci,
     services: { web: { start: run, routes: [/], copies: 3, warm_up: [/orders] }, mail: { start: send } },
     release: { start: { at_once: 2, wait_for_users: 30s, warm_up: 4 } } }`,
  "conveyor.yml",
  {},
)
const release: Wish = { kind: "release", commit: "b", version: undefined, config }
const nothing: Observed = {
  testedIn: undefined,
  table: { is: "known", value: undefined },
  wanted: { is: "known", value: {} },
  before: "cold",
  changes: { is: "known", value: [] },
  cores: 2,
}
const v2 = { name: "v2", commit: "b", artifact: { id: "art-b", kind: "directory", ref: "/" } } as VersionRecord
const serves = (current: string): Observed["table"] => ({
  is: "known",
  value: { epoch: 1, generation: 7, current, routes: [], versions: {} },
})
const change = (name: string, readiness: ChangeStatus["readiness"], ...phases: ShardStatus["phase"][]): ChangeStatus => ({
  change: name,
  readiness,
  contract: "pending",
  shards: phases.map((phase, i) => ({ shard: `s${i}`, phase }) as ShardStatus),
})

const cases: [what: string, wish: Partial<Wish>, seen: Partial<Observed>, plan: Partial<{ [Step in keyof PlannedSteps]: unknown }>][] = [
  [
    "the first release builds, tests, and compares with nobody",
    {},
    {},
    {
      build: { command: "npm ci", artifact: undefined },
      test: { does: "run", command: "npm test" },
      switch: { from: undefined, generation: 1 },
      bake: { against: undefined, forMs: 120_000 },
      retire: { old: undefined, noticeMs: 900_000, warmMs: 86_400_000 },
    },
  ],
  [
    "a later one is compared with the version that serves, which is then retired",
    {},
    { table: serves("v1") },
    {
      switch: { from: "v1", generation: 8 },
      bake: { against: "v1", forMs: 120_000 },
      retire: { old: "v1", noticeMs: 900_000, warmMs: 86_400_000 },
    },
  ],
  [
    "a version that serves already is compared with nobody",
    { version: v2 },
    { table: serves("v2") },
    {
      build: { command: "npm ci", artifact: "art-b" },
      bake: { against: undefined, forMs: 120_000 },
    },
  ],
  [
    "tests that have passed are not run again",
    { version: v2 },
    { testedIn: 3 },
    {
      test: { does: "skip", because: "the same artifact passed in run 3" },
    },
  ],
  [
    "copies are started so many at once, the first of each service first",
    {},
    {},
    {
      start: { copies: { web: 3, mail: 1 }, waves: [{ web: 1, mail: 1 }, { web: 3 }], waitForUsersMs: 30_000 },
    },
  ],
  [
    "what is wanted already is not started again",
    { version: v2 },
    { wanted: { is: "known", value: { web: 2, mail: 1 } } },
    {
      start: { copies: { web: 3, mail: 1 }, waves: [{ web: 3 }], waitForUsersMs: 30_000 },
    },
  ],
  [
    "a rollback waits for no users, and warms up no copies that were warm",
    { kind: "rollback", version: v2 },
    { before: "warm", wanted: { is: "known", value: { web: 3, mail: 1 } } },
    {
      start: { copies: { web: 3, mail: 1 }, waves: [], waitForUsersMs: 0 },
      verify: { questions: { web: "POST /api/v1/status", mail: "it stays up for 5 s" }, warmUp: "no" },
    },
  ],
  [
    "new copies are asked for their status and the paths that their service declares",
    {},
    {},
    {
      verify: { questions: { web: "POST /api/v1/status", mail: "it stays up for 5 s" }, warmUp: { times: 4, paths: { web: ["/orders"] } } },
    },
  ],
  [
    "a change that is not everywhere is expanded and filled; one that is ready is left alone",
    {},
    {
      changes: {
        is: "known",
        value: [
          change("0001", "ready", "verified"),
          change("0002", "not-ready", "verified", "absent"),
          change("0003", "not-ready", "backfilling"),
        ],
      },
    },
    {
      expand: { of: { is: "known", changes: ["0002"] } },
      backfill: { of: { is: "known", changes: ["0002", "0003"] } },
    },
  ],
  [
    "a shard that does not answer is planned for, unless the change is known to be ready",
    {},
    {
      changes: { is: "known", value: [change("0001", "unknown", "verified", "unknown"), change("0002", "ready", "verified", "unknown")] },
    },
    {
      expand: { of: { is: "known", changes: ["0001"] } },
    },
  ],
  [
    "what nobody could say is to be asked by the step, and is neither nothing nor all",
    {},
    {
      changes: { is: "unknown", because: "no shard answers" },
      table: { is: "unknown", because: "the edge is silent" },
    },
    {
      expand: { of: { is: "to-be-asked", because: "no shard answers" } },
      backfill: { of: { is: "to-be-asked", because: "no shard answers" } },
      switch: { is: "to-be-asked", because: "the edge is silent" },
      bake: { is: "to-be-asked", because: "the edge is silent" },
      retire: { is: "to-be-asked", because: "the edge is silent" },
    },
  ],
  [
    "a contract, an abort and a repack are about their change alone",
    { kind: "contract", change: "0001" },
    {},
    { contract: { change: "0001" } },
  ],
]

for (const [what, wish, seen, expected] of cases) {
  test(what, () => {
    const planned = planRun({ ...release, ...wish }, { ...nothing, ...seen })
    for (const [step, plan] of Object.entries(expected)) {
      const found = planned.find((each) => each.step === step)
      assert.ok(found, step)
      assert.deepEqual(found.plan, plan, step)
    }
    for (const each of planned) assert.ok(stepInWords(each).length > 0, each.step)
  })
}

test("a run of each kind is planned in the order in which it is carried out", () => {
  const stepsOf = (kind: Wish["kind"]) => planRun({ ...release, kind, change: "0001" }, nothing).map(({ step }) => step)
  assert.deepEqual(stepsOf("release"), ["build", "test", "expand", "backfill", "start", "verify", "switch", "bake", "retire"])
  assert.deepEqual(stepsOf("rollback"), ["start", "verify", "switch", "retire"])
  assert.deepEqual([stepsOf("contract"), stepsOf("abort"), stepsOf("repack")], [["contract"], ["abort"], ["repack"]])
})

test("a plan is the same however often it is made, and changes nothing of what it was made from", () => {
  const [wish, seen] = [structuredClone({ ...release, config: undefined }), structuredClone(nothing)]
  assert.deepEqual(planRun(release, nothing), planRun(release, nothing))
  assert.deepEqual([structuredClone({ ...release, config: undefined }), nothing], [wish, seen])
})
