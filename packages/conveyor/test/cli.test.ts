// The command line against a real installation, from the first push to `down`, with users on the edge: what is not good
// is not promoted, what is old stays until it may go, and every answer has its exit code.
import assert from "node:assert/strict"
import { cp, readFile, readdir, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { after, before, test } from "node:test"
import pg from "pg"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import type { ChangeStatus } from "../src/change/engine.ts"
import { isAlive } from "../src/kernel/process/process-identity.ts"
import type { PlanReport } from "../src/server/protocol/reports.ts"
import type { RunReport } from "../src/server/protocol/runs.ts"
import { Installation } from "./installation.ts"

const change = `summary: Prices in kopecks
operations:
  - derive_columns:
      table: shop.flower
      from: { price: "numeric(12,2)" }
      to: { kopecks: { type: bigint, nullable: false } }
      up: { kopecks: "(price * 100)::bigint" }
      down: { price: "(kopecks / 100.0)::numeric(12, 2)" }
`

let server: PostgresServer
let installation: Installation
let goodConfig: string
let goodService: string

before(async () => {
  server = await startPostgres({ databases: ["shop"] })
  await ask(
    "CREATE EXTENSION pg_stat_statements; CREATE SCHEMA shop; CREATE TABLE shop.flower (id bigint PRIMARY KEY, price numeric(12, 2) NOT NULL)",
  )
  await ask("INSERT INTO shop.flower SELECT n, n % 1000 + 0.5 FROM generate_series(1, 2000) n; ANALYZE shop.flower")
  installation = await Installation.start({ urls: { "shop-1": server.url("shop") } })
  const file = (name: string) => readFile(join(installation.repository, name), "utf8")
  goodService = await file("server.mjs")
  const config = (await file("conveyor.yml"))
    .replace("  shards:", "  contract: { observe: 1s, soft_drop: 1s }\n  shards:")
    .replace("copies: 2", "copies: 2, warm_up: [/api/flowers, /nowhere]")
    .replace("release: {", "release: { start: { at_once: 1, warm_up: 3 },")
  goodConfig = `${config}build: node build.mjs\ntest: node check.mjs\n`
  await makeGood()
})
after(async () => {
  await installation.end()
  await server.stop()
})

test("help is no mistake, and needs no installation", async () => {
  const [all, one] = await Promise.all([installation.run("--help"), installation.run("change", "contract", "--help")])
  assert.deepEqual([all.code, one.code], [0, 0])
  assert.match(all.out, /Exit codes: 0 done, 1 not done/)
  assert.match(one.out, /There is no way back/)
})

test("asked wrongly is exit code 2, not done is 1, and each says what to do", async () => {
  const wrong = await Promise.all([
    installation.run("--nonsense"),
    installation.run("retire"),
    installation.run("logs", "-n", "many"),
    installation.run("relase"),
  ])
  assert.deepEqual(
    wrong.map(({ code }) => code),
    [2, 2, 2, 2],
  )
  assert.match(wrong[3]?.error ?? "", /release/)

  const notDone = await Promise.all([
    installation.run("rollback", "v9"),
    installation.run("rollback"),
    installation.run("release", "nowhere"),
  ])
  for (const { code, error } of notDone) {
    assert.equal(code, 1)
    assert.match(error, /✖ .*\n→ /)
  }
  const { code, out } = await installation.run("--json", "logs", "v9")
  assert.equal(code, 1)
  assert.equal((JSON.parse(out) as { error: { code: string } }).error.code, "no-such-version")
})

test("up a second time finds what runs, and starts nothing", async () => {
  const runs = await installation.processes()
  const first = await installation.status()
  await installation.up()
  assert.deepEqual(await installation.processes(), runs)
  assert.deepEqual(await installation.status(), first)
})

test("the first push serves", async () => {
  assert.match(await installation.push("Roses"), /v1 serves all new pages/)
  installation.startUsers((await installation.status()).edge)
})

test("a commit whose build fails is told to its pusher, and is not promoted", async () => {
  await installation.write("build.mjs", `console.log("no thorns found"); process.exit(4)`)
  await isNotPromoted("Thorns", /✖ build .*ended with code 4:\s+(remote: )?no thorns found/s)
})

test("a commit whose tests fail is told to its pusher, and is not promoted", async () => {
  await installation.write("check.mjs", `console.log("the roses wilt"); process.exit(1)`)
  await isNotPromoted("Wilting", /✖ test .*the roses wilt/s)
})

test("a mistake in conveyor.yml is told to its pusher with line, column and key", async () => {
  await installation.write("conveyor.yml", goodConfig.replace("copies: 2", "copies: two"))
  await isNotPromoted("Two", /conveyor\.yml:2:\d+: services\.web\.copies: /)
})

test("a commit whose copies die at their start is not promoted, and their last words can be read", async () => {
  await installation.write("server.mjs", `console.error("no vase"); process.exit(3)`)
  await isNotPromoted("No vase", /✖ verify .*web.*\n.*conveyor logs (v\d+) web/)
  const version = (await installation.status()).runs.at(-1)?.version ?? ""
  assert.match(await installation.must("logs", version, "web"), /no vase/)
})

test("a plan shows every step and statement, and changes nothing", async () => {
  await installation.write("changes/0001-kopecks.yml", change)
  await installation.git("checkout", "--quiet", "-b", "draft")
  await installation.git("add", "--all")
  await installation.git("commit", "--quiet", "-m", "Kopecks")
  const pushed = await installation.gitPush("draft")
  assert.match(pushed, /refs\/heads\/draft is stored; only main is released/)
  const before = await everything()

  const plan = JSON.parse(await installation.must("--json", "plan", "draft")) as PlanReport
  assert.deepEqual(
    plan.steps.map(({ step }) => step),
    ["build", "test", "expand", "backfill", "start", "verify", "switch", "bake", "retire"],
  )
  assert.ok(plan.statements.some(({ phase, sql }) => phase === "expand" && /ADD COLUMN .*kopecks/.test(sql)))
  assert.deepEqual(JSON.parse(await installation.must("--json", "release", "draft", "--dry-run")), plan)
  assert.match(await installation.must("plan", "draft"), /backfill +\d+ statements? on 1 shard/)
  assert.match(await installation.must("plan", "draft", "--sql"), /CREATE TRIGGER/)
  assert.deepEqual(await everything(), before)
  await installation.git("checkout", "--quiet", "main")
  await installation.git("merge", "--quiet", "--ff-only", "draft")
})

test("a change goes out with its commit, and status, change status and logs show it as text and as JSON", async () => {
  assert.match(await installation.push("Kopecks"), /serves all new pages/)
  const { current, versions, changes } = await installation.status()
  assert.equal(versions.find(({ name }) => name === "v1")?.state, "warm")
  assert.deepEqual(
    changes.map(({ readiness, contract }) => [readiness, contract]),
    [["ready", "pending"]],
  )
  const text = await installation.must("status")
  assert.match(text, new RegExp(`${current ?? ""} +current +2 `))
  assert.match(text, /release v1 +promoted/)
  assert.match(await installation.must("change", "status"), /0001-kopecks +ready +old columns kept for rollback/)
  assert.equal((JSON.parse(await installation.must("--json", "change", "status")) as ChangeStatus[])[0]?.shards[0]?.rowsDone, 2_000)
  const logs = JSON.parse(await installation.must("--json", "logs", current ?? "", "-n", "1")) as { version: string }[]
  assert.deepEqual(
    logs.map(({ version }) => version),
    [current, current],
  )
})

test("its copies were started one at a time, and each was asked its status and its paths before it got requests", async () => {
  const run = JSON.parse(await installation.must("--json", "show", String((await installation.status()).runs.at(-1)?.id))) as RunReport
  const warmedUp = run.steps.find(({ name }) => name === "verify")?.facts?.["warmedUp"] as {
    asked: string
    times: number
    failed: number
  }[]
  assert.deepEqual(
    warmedUp.map(({ asked, times, failed }) => `${asked}: ${failed} of ${times}`).toSorted(),
    ["GET /api/flowers", "GET /nowhere", "POST /api/v1/status"].flatMap((asked) => [`${asked}: 0 of 3`, `${asked}: 0 of 3`]),
  )
})

test("rollback without a version means the one before, and its release again means forward", async () => {
  const newest = (await installation.status()).current ?? ""
  assert.match(await installation.must("rollback"), /v1 serves again/)
  assert.equal((await installation.status()).current, "v1")
  const again = JSON.parse(await installation.must("--json", "release", newest)) as RunReport
  assert.equal(again.state, "promoted")
  assert.match(String(again.steps.find(({ name }) => name === "test")?.facts?.["skipped"]), /passed in run/)
  assert.equal((await installation.status()).current, newest)
})

test("a contract is refused while the version before is warm; once it is given up, it passes, and there is no way back", async () => {
  const refused = await installation.run("change", "contract", "0001-kopecks")
  assert.equal(refused.code, 12)
  assert.match(refused.out, /v1 is warm: its rollback window is open until/)
  assert.deepEqual(await columns(), ["id", "kopecks", "price"])

  assert.match(await installation.must("retire", "v1"), /v1 is stopped/)
  assert.match(await installation.must("change", "contract", "0001-kopecks"), /0001-kopecks is contracted/)
  assert.deepEqual(await columns(), ["id", "kopecks"])

  const back = await installation.run("rollback", "v1")
  assert.equal(back.code, 1)
  assert.match(back.error, /v1 cannot run on this fleet: 0001-kopecks is contracted.*\n→ Go forward/)
})

test("the current version is not given up", async () => {
  const { current = "" } = await installation.status()
  const { code, error } = await installation.run("retire", current)
  assert.equal(code, 1)
  assert.match(error, /is the current version\n→ /)
})

test("a rollback asked for while a release bakes makes it go back first", async () => {
  const { current = "" } = await installation.status()
  await installation.write("conveyor.yml", goodConfig.replace("bake: { for: 1s", "bake: { for: 50s"))
  const { output } = await installation.beginPush("A long bake")
  await installation.reached("bake", "started")
  const rollback = JSON.parse(await installation.must("--json", "rollback")) as RunReport
  assert.deepEqual([rollback.version, rollback.state], [current, "promoted"])
  assert.match(await output, /gave way to the rollback/)
  const { runs, current: now } = await installation.status()
  assert.equal(now, current)
  assert.equal(runs.at(-2)?.state, "rolled-back")
  await makeGood()
})

test("a run is followed for as long as was asked, says what goes before it, and can be cancelled, queued or under way", async () => {
  const { current } = await installation.status()
  await installation.write("build.mjs", "setTimeout(() => {}, 100_000)")
  const { output } = await installation.beginPush("A build that hangs")
  await installation.reached("build", "started")
  const [under] = (await installation.status()).runs.slice(-1)
  const waiting = await installation.run("release", current ?? "", "--wait", "--timeout", "100ms", "--reason", "as it was")
  assert.equal(waiting.code, 16)
  assert.match(waiting.out, new RegExp(`number 2 in the queue: run ${under?.id} \\(release ${under?.version}\\) is under way`))
  const [queued] = (await installation.status()).runs.slice(-1)
  assert.deepEqual([queued?.state, queued?.requests[0]?.reason], ["queued", "as it was"])

  assert.match(await installation.must("cancel", String(queued?.id)), /is cancelled/)
  assert.match(await installation.must("cancel", String(under?.id), "--actor", "anna", "--reason", "it hangs"), /goes back/)
  assert.match(await output, /cancelled by anna: it hangs/)
  const again = await installation.run("cancel", String(under?.id))
  assert.equal(again.code, 1)
  assert.match(again.error, /neither queued nor under way\n→ /)
  assert.equal((await installation.status()).current, current)
  await makeGood()
})

test("the control plane is started anew in the middle of a release, which is carried on", async () => {
  const [before] = await installation.processes()
  const { output } = await installation.beginPush("Started anew")
  await installation.reached("start", "started")
  await installation.must("up", "--restart", "--config", join(installation.repository, "conveyor.yml"))
  assert.match(await output, /serves all new pages/)
  const [now] = await installation.processes()
  assert.notDeepEqual(now, before)
})

test("of all this the users noticed nothing", async () => {
  const { requests, streams, pages } = await installation.endUsers()
  assert.ok(requests.total > 500, `${requests.total} requests`)
  assert.equal(requests.failed, 0, JSON.stringify(requests.byFailure))
  assert.equal(streams.cut, 0)
  assert.ok(pages !== undefined)
})

test("copies killed with -9 are started again, and requests find them", async () => {
  const { current = "", edge } = await installation.status()
  const dead = await installation.copies(`${current}-`)
  assert.equal(dead.length, 2)
  for (const { pid } of dead) process.kill(pid, "SIGKILL")
  await installation.eventually("two new copies run", async () => (await installation.copies(`${current}-`)).length === 2)
  await installation.eventually("they answer", async () => (await fetch(`${edge}/api/flowers`)).status === 200)
})

test("an edge killed with -9, its guard too, is started again at the same address, with the same table", async () => {
  const { edge, generation } = await installation.status()
  const [, before] = await installation.processes()
  await installation.killEdge()
  await installation.eventually("it answers", async () => {
    const answer = await fetch(`${edge}/api/flowers`).catch(() => undefined)
    return answer?.status === 200
  })
  await installation.eventually("it says where it is", async () => (await installation.processes())[1]?.pid !== before?.pid)
  assert.equal((await installation.status()).generation, generation)
})

test("down in a copy of the state directory stops nothing of the original, and none of its files are anybody else's to read", async () => {
  const backup = `${installation.state}-backup`
  // Files come and go in it meanwhile.
  const copied = () =>
    cp(installation.state, backup, { recursive: true }).then(
      () => true,
      () => false,
    )
  await installation.eventually("a copy of the state directory", copied)
  const before = await installation.processes()
  await installation.must("--state", backup, "down")
  await rm(backup, { recursive: true })
  assert.ok(before.every(isAlive))
  assert.notEqual((await installation.status()).current, undefined)
  assert.equal((await stat(installation.state)).mode & 0o777, 0o700)
  for (const folder of ["", "edge", "logs", join("runtime", "copies"), join("runtime", "logs"), join("runtime", "wanted")]) {
    for (const entry of await readdir(join(installation.state, folder), { withFileTypes: true })) {
      if (entry.isFile()) assert.equal((await stat(join(installation.state, folder, entry.name))).mode & 0o077, 0, join(folder, entry.name))
    }
  }
})

test("down leaves no process, can be asked again, and what served serves again after up", async () => {
  const { edge, current } = await installation.status()
  const runs = await installation.processes()
  assert.ok(runs.length >= 4)
  await installation.must("down")
  assert.deepEqual(runs.filter(isAlive), [])
  await assert.rejects(fetch(edge))
  assert.equal((await installation.run("status")).code, 3)
  await installation.must("down")

  await installation.up()
  await installation.eventually("it serves", async () => (await fetch(`${edge}/api/flowers`).catch(() => undefined))?.status === 200)
  assert.equal((await installation.status()).current, current)
})

/** Pushes what was written, expects the old version to go on as it was, and takes back what was written. */
async function isNotPromoted(subject: string, told: RegExp): Promise<void> {
  const output = (await installation.push(subject)).replaceAll(/^remote: /gm, "")
  assert.match(output, told)
  assert.match(output, /not promoted; see above, mend it and push again/)
  const { current, versions } = await installation.status()
  assert.equal(current, "v1")
  for (const { name, copies } of versions) assert.equal(copies.length, name === "v1" ? 2 : 0, `copies of ${name}`)
  const leftOver = (await readdir(join(installation.state, "artifacts"))).filter((name) => /unfinished|scratch/.test(name))
  assert.deepEqual(leftOver, [])
  await makeGood()
}

async function makeGood(): Promise<void> {
  await installation.write("conveyor.yml", goodConfig)
  await installation.write("server.mjs", goodService)
  await installation.write("build.mjs", "")
  await installation.write("check.mjs", "")
}

/** All that a plan must not touch: the schema with its triggers and ledgers, the rows, state.db, the routing table. */
async function everything(): Promise<unknown> {
  const schema = await ask(`SELECT n.nspname, c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2, 4`)
  const triggers = await ask("SELECT tgname FROM pg_trigger ORDER BY 1")
  const rows = await ask("SELECT md5(string_agg(flower::text, ',' ORDER BY id)) FROM shop.flower")
  const { generation, runs, versions } = await installation.status()
  const state = new DatabaseSync(join(installation.state, "state.db"), { readOnly: true })
  try {
    // Who holds the lease; for how long moves on by itself.
    const lease = state.prepare("SELECT id, token, pid, start_time, taken_at FROM lease").all()
    const tables = [lease, ...["version", "release", "journal"].map((name) => state.prepare(`SELECT * FROM ${name}`).all())]
    return { schema, triggers, rows, generation, runs, copies: versions.map(({ copies }) => copies), tables }
  } finally {
    state.close()
  }
}

const columns = async () =>
  (
    await ask("SELECT attname FROM pg_attribute WHERE attrelid = 'shop.flower'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1")
  ).map((row) => row["attname"])

async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url("shop") })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
