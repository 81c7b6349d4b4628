// A whole installation that is given secrets, releases well and badly, and is asked for all that it shows: copies get them,
// each version its own, and they are nowhere but where they are used.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { freePort } from "../src/kernel/process/free-port.ts"
import type { ControlAddress } from "../src/server/installation/state-directory.ts"
import { Installation } from "./installation.ts"
import { plantedInCommandLines, plantedInFiles } from "./planted.ts"

const variables = { PLANTED_PASSWORD: "planted-pass-51c0", PLANTED_TOKEN: "planted-env-77ae", PLANTED_HOOK: "planted-hook-90bd" }
const elsewhere = { file: "planted-file-aa01", changedFile: "planted-file-bb02", command: "planted-command-c3f4", set: "planted-set-d5e6" }
const texts = [...Object.values(variables), ...Object.values(elsewhere)]

let installation: Installation
let places: string
const shown: string[] = []

before(async () => {
  Object.assign(process.env, variables)
  places = await mkdtemp(join(tmpdir(), "conveyor-places-"))
  await writeFile(join(places, "file"), `${elsewhere.file}\n`, { mode: 0o600 })
  await writeFile(join(places, "command"), elsewhere.command, { mode: 0o600 })
  const shard = `postgres://planted:\${PLANTED_PASSWORD}@127.0.0.1:${await freePort()}/nowhere?connect_timeout=1`
  installation = await Installation.start({ urls: { silent: `"${shard}"` } })
  const file = join(installation.repository, "conveyor.yml")
  const config = (await readFile(file, "utf8"))
    .replace("  shards:", "  servers: { connect: 1s, attempts: 1 }\n  shards:")
    .replace("notice: 3s", "notice: 100ms")
  await installation.write(
    "conveyor.yml",
    `${config}environment: { TOKEN: "\${PLANTED_TOKEN}" }
secrets: { FILE: { file: ${join(places, "file")} }, COMMAND: { command: cat ${join(places, "command")} } }
watch: { notify: { hook: { webhook: { url: "http://127.0.0.1:9/\${PLANTED_HOOK}", secret: "\${PLANTED_HOOK}" } } } }
`,
  )
  await installation.must("up", "--restart", "--config", file)
})
after(async () => {
  for (const name of Object.keys(variables)) delete process.env[name]
  await installation.end()
  await rm(places, { recursive: true })
})

/** What the copies of a version were started with. */
async function toldTo(version: string): Promise<Record<string, string>> {
  const [copy] = await installation.copies(`${version}-web-0`)
  const environment = await readFile(`/proc/${copy?.pid ?? 0}/environ`, "utf8")
  return Object.fromEntries(environment.split("\0").map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]))
}

async function show(...argv: string[]): Promise<string> {
  const { out, error } = await installation.run(...argv)
  shown.push(out, error)
  return `${out}${error}`
}

test("a changed secret and a variable set by hand are a version of their own, and a rollback brings the old ones back", async () => {
  shown.push(await installation.push("A release that serves"))
  await writeFile(join(places, "file"), elsewhere.changedFile)
  await writeFile(join(places, "set"), `${elsewhere.set}\n`)
  await show("env", "set", "BY_HAND", "--from-file", join(places, "set"))
  assert.equal(await show("env", "list"), "BY_HAND\n")
  installation.startUsers((await installation.status()).edge)
  await show("release")

  const [before, now] = [await toldTo("v1"), await toldTo("v2")]
  const told = ({ TOKEN, FILE, COMMAND, BY_HAND }: Record<string, string>) => [TOKEN, FILE, COMMAND, BY_HAND]
  assert.deepEqual(told(before), [variables.PLANTED_TOKEN, elsewhere.file, elsewhere.command, undefined])
  assert.deepEqual(told(now), [variables.PLANTED_TOKEN, elsewhere.changedFile, elsewhere.command, elsewhere.set])
  assert.equal(before["CONVEYOR_BUILD"], now["CONVEYOR_BUILD"])
  assert.match(await show("show", "2"), /its copies are told otherwise: BY_HAND, FILE/)

  await installation.must("rollback", "v1")
  await installation.endUsers()
  // Its copies are gone then: it is started from nothing but what was kept with it.
  await installation.must("retire", "v2")
  await installation.must("rollback", "v2")
  assert.deepEqual(told(await toldTo("v2")), told(now))
})

/** Every answer that the API has for a reader, and the event stream from its beginning. */
async function askEverything({ url, token }: ControlAddress): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  const paths = ["status", "changes", "plan?revision=main", "runs", "runs/1", "environment", "logs?version=v2", "watch", "watch/incidents"]
  for (const path of paths) shown.push(await (await fetch(`${url}/v1/${path}`, { headers })).text())
  const stream = await fetch(`${url}/v1/events`, { headers: { ...headers, "last-event-id": "0" }, signal: AbortSignal.timeout(1_000) })
  const read = async () => {
    for await (const chunk of stream.body ?? []) shown.push(Buffer.from(chunk as Uint8Array).toString())
  }
  // It goes on for good: what is there already comes at once.
  await read().catch(() => {})
}

test("secrets appear nowhere: state, journal, API, events, logs, errors, reports, command lines", async () => {
  const change = "summary: A column\noperations:\n  - add_column: { table: public.flower, column: colour, type: text }\n"
  await installation.write("changes/0001-colour.yml", change)
  shown.push(await installation.push("A release that fails"))
  const control = JSON.parse(await readFile(join(installation.state, "control.json"), "utf8")) as ControlAddress
  await Promise.all([show("status"), show("history"), show("change", "status"), askEverything(control)])

  const seen = shown.join("\n")
  assert.match(seen, /no connection to 127/)
  assert.match(seen, /"type":"journal"/)
  for (const text of texts) assert.ok(!seen.includes(text), `${text} was shown`)
  assert.deepEqual(plantedInCommandLines([...texts, control.token]), [])
  const finds = plantedInFiles(installation.state, [...texts, control.token])
  for (const { place, mode } of finds) {
    assert.match(place, /\/runtime\/wanted\/v\d+\.web\.json$|\/environments\/[\da-z]+\.json$|\/control\.json$/)
    assert.equal(mode, 0o600, place)
  }
  // What copies are started with has to be somewhere: the search would have found it elsewhere, too.
  assert.ok(finds.some(({ text }) => text === variables.PLANTED_TOKEN))
})

test("the search finds what was planted on purpose, in a file and in a command line", async () => {
  const file = join(installation.state, "logs", "planted.log")
  await writeFile(file, `said: ${variables.PLANTED_HOOK}\n`, { mode: 0o644 })
  const child = spawn("sleep", ["30"], { argv0: variables.PLANTED_HOOK })
  try {
    assert.deepEqual(
      plantedInFiles(installation.state, [variables.PLANTED_HOOK]).map(({ place, mode }) => [place, mode]),
      [[file, 0o644]],
    )
    await installation.eventually("its command line", () => plantedInCommandLines([variables.PLANTED_HOOK]).length === 1)
  } finally {
    child.kill("SIGKILL")
    await rm(file)
  }
})
