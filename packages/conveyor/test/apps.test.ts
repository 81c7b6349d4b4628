// An application as it is, beside its worker: asked how it is by a request of its own under a host of its own, its jobs done by
// the current version alone.
import assert from "node:assert/strict"
import { once } from "node:events"
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises"
import { request } from "node:http"
import type { IncomingMessage } from "node:http"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { text } from "node:stream/consumers"
import { identify } from "../src/kernel/process/process-identity.ts"
import type { JobReport } from "../src/server/protocol/jobs.ts"
import { Installation } from "./installation.ts"

const web = `
import { createServer } from "node:http"
const { PORT, HOST, CONVEYOR_VERSION } = process.env
const server = createServer((request, response) => {
  if (request.headers.host !== "shop.example") return response.writeHead(400).end("DisallowedHost")
  response.writeHead(request.url === "/api/v1/status" ? 404 : 200).end(CONVEYOR_VERSION)
})
server.listen(Number(PORT), HOST)
process.on("SIGTERM", () => server.close(() => process.exit(0)))
`
/** Takes one file after the other out of a folder, as a queue's worker takes jobs, and writes who it was. */
const worker = `
import { readdirSync, renameSync, writeFileSync } from "node:fs"
const { QUEUE, CONVEYOR_VERSION } = process.env
console.log("the worker has begun")
process.on("SIGTERM", () => process.exit(0))
setInterval(() => {
  for (const job of readdirSync(QUEUE + "/waiting").slice(0, 1)) {
    renameSync(QUEUE + "/waiting/" + job, QUEUE + "/taken-" + CONVEYOR_VERSION)
    writeFileSync(QUEUE + "/done/" + job, CONVEYOR_VERSION)
  }
}, 2)
`

let installation: Installation
let queue: string
let edge: URL

before(async () => {
  installation = await Installation.start({ urls: {} })
  queue = join(installation.repository, "..", "queue")
  for (const folder of ["waiting", "done"]) await mkdir(join(queue, folder), { recursive: true })
  await installation.write("server.mjs", web)
  await installation.write("worker.mjs", worker)
  const config = await readFile(join(installation.repository, "conveyor.yml"), "utf8")
  const services = `services:
  web: { start: node server.mjs, routes: [/], copies: 2, health: { path: /healthz, host: shop.example } }
  mailer: { start: node worker.mjs, health: { stays_up: 500ms }, environment: { QUEUE: "${queue}" } }
jobs: { count: { schedule: "* * * * * *", command: "echo $$$$ > $QUEUE/job; sleep 600", service: mailer } }
`
  const small = config
    .replace(/^services:.*\n/m, () => services)
    .replace("at_least: 20", "at_least: 0")
    .replace("notice: 3s", "notice: 1s")
  await installation.write("conveyor.yml", small)
  await installation.push("An application as it is, and its worker")
  edge = new URL((await installation.status()).edge)
})
after(() => installation.end())

async function ask(): Promise<string> {
  const asked = request(edge, { headers: { host: "shop.example" }, agent: false }).end()
  const [response] = (await once(asked, "response")) as [IncomingMessage]
  return text(response)
}

const enqueue = (name: string, count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => writeFile(join(queue, "waiting", `${name}-${i}`), "")))

/** By whom so many jobs of that name were done. */
async function doneBy(name: string, count: number): Promise<string[]> {
  const own = async () => (await readdir(join(queue, "done"))).filter((job) => job.startsWith(`${name}-`))
  await installation.eventually(`${count} jobs are done`, async () => (await own()).length === count)
  return Promise.all((await own()).map((job) => readFile(join(queue, "done", job), "utf8")))
}

test("a program that knows nothing of the conveyor, and looks at the host of every request, is released as it is", async () => {
  assert.equal(await ask(), "v1")
  await enqueue("first", 5)
  assert.deepEqual([...new Set(await doneBy("first", 5))], ["v1"])
})

test("of 100 jobs enqueued after the switch none is done by old code, and a rollback brings the old worker back", async () => {
  const { output } = await installation.beginPush("The next")
  await installation.eventually("users are on v2", async () => (await ask()) === "v2")
  await enqueue("second", 100)
  assert.deepEqual([...new Set(await doneBy("second", 100))], ["v2"])
  await output
  const worked = (await installation.status()).versions.map(({ name, copies }) => [
    name,
    copies.filter(({ service }) => service === "mailer").length,
  ])
  assert.deepEqual(worked, [
    ["v1", 0],
    ["v2", 1],
  ])

  await installation.must("rollback")
  await installation.eventually("the worker of v1 is back alone", async () => {
    const workers = (await installation.status()).versions.flatMap(({ name, copies }) =>
      copies.flatMap(({ service, state }) => (service === "mailer" ? [`${name} ${state}`] : [])),
    )
    return workers.join() === "v1 running"
  })
  await enqueue("third", 20)
  assert.deepEqual([...new Set(await doneBy("third", 20))], ["v1"])
})

test("a one-off command has what a copy has, and its output and its exit code are its own", async () => {
  const { code, out, error } = await installation.run(
    "run",
    "--service",
    "mailer",
    "--",
    "echo $QUEUE $CONVEYOR_VERSION; echo no >&2; exit 7",
  )
  assert.deepEqual([code, out, error], [7, `${queue} v1\n`, "no\n"])
  const quoted = await installation.run(
    "run",
    "--service",
    "web",
    "--at",
    "v2",
    "--",
    "node",
    "-p",
    "process.env.CONVEYOR_VERSION + ' it\\'s'",
  )
  assert.deepEqual([quoted.code, quoted.out], [0, "v2 it's\n"])
  const [copy] = (await installation.status()).versions.flatMap(({ copies }) => copies)
  assert.ok(copy)
  assert.equal((await installation.run("exec", copy.id, "--", "echo $CONVEYOR_COPY")).out, `${copy.id}\n`)

  const refused = await Promise.all([
    installation.run("run", "--", "true"),
    installation.run("run", "--service", "shop", "--", "true"),
    installation.run("run", "--service", "web", "--at", "v9", "--", "true"),
    installation.run("exec", "v9-web-0", "--", "true"),
    installation.run("run", "--service", "web", "--timeout", "300ms", "--", "sleep 60"),
  ])
  const expected = [
    /has 2 services/,
    /no service shop\n→ Name one: --service web, --service mailer/,
    /no version v9/,
    /no running copy v9-web-0/,
    /had not ended after 300 ms/,
  ]
  for (const [i, reason] of expected.entries()) {
    assert.equal(refused[i]?.code, 1)
    assert.match(refused[i]?.error ?? "", reason)
  }
})

test("a job that runs when the control plane is killed ends with it, and is told as interrupted", async () => {
  const pid = async () => Number(await readFile(join(queue, "job"), "utf8").catch(() => ""))
  await installation.eventually("the job runs", async () => (await pid()) > 0)
  const first = await pid()
  await installation.killControlPlane()
  await installation.eventually("it is gone", () => identify(first) === undefined)
  await installation.up()
  await installation.eventually("another one runs", async () => (await pid()) !== first)
  const [job] = JSON.parse(await installation.must("--json", "jobs", "count")) as JobReport[]
  const states = job?.runs.map(({ state }) => state).filter((state) => state !== "skipped")
  assert.deepEqual(states, ["running", "interrupted"])
  assert.match(await installation.must("jobs"), /count +\* \* \* \* \* \* UTC +20\S+Z/)
})

test("a one-off command ends when whoever asked for it goes away", async () => {
  const { url, token } = JSON.parse(await readFile(join(installation.state, "control.json"), "utf8")) as { url: string; token: string }
  const gone = new AbortController()
  const body = JSON.stringify({ service: "mailer", command: "echo $$ > $QUEUE/pid; sleep 600" })
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
  const asked = fetch(`${url}/v1/commands`, { method: "POST", headers, body, signal: gone.signal }).then((response) => response.text())
  asked.catch(() => {})
  let pid = 0
  await installation.eventually("it runs", async () => {
    pid = Number(await readFile(join(queue, "pid"), "utf8").catch(() => ""))
    return pid > 0
  })
  gone.abort()
  await assert.rejects(asked)
  await installation.eventually("it is gone", () => identify(pid) === undefined)
})

test("the output of copies is followed as it comes, of those that are started later too", async () => {
  const { url, token } = JSON.parse(await readFile(join(installation.state, "control.json"), "utf8")) as { url: string; token: string }
  const gone = new AbortController()
  const response = await fetch(`${url}/v1/logs/followed?service=mailer`, {
    headers: { authorization: `Bearer ${token}` },
    signal: gone.signal,
  })
  let said = ""
  const reading = (async () => {
    for await (const chunk of response.body ?? []) said += Buffer.from(chunk as Uint8Array).toString("utf8")
  })()
  reading.catch(() => {})
  const workers = async () =>
    (await installation.status()).versions.flatMap(({ copies }) => copies.filter(({ service }) => service === "mailer"))
  const [before] = await workers()
  assert.ok(before)
  const begun = (id: string) => said.includes(`"copy":"${id}","service":"mailer","version":"v1","text":"the worker has begun"`)
  await installation.eventually("what it has said is there", () => begun(before.id))
  const [worker] = await installation.copies(before.id)
  assert.ok(worker)
  process.kill(worker.pid, "SIGKILL")
  await installation.eventually("another has begun, and says so", async () =>
    (await workers()).some(({ id }) => id !== before.id && begun(id)),
  )
  gone.abort()
})
