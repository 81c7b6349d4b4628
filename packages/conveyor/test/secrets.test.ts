// A whole installation that is given secrets, releases well and badly, and is asked for all that it shows: the secrets are
// nowhere but where they are used.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { freePort } from "../src/kernel/free-port.ts"
import type { ControlAddress } from "../src/server/state-directory.ts"
import { Installation } from "./installation.ts"
import { plantedInCommandLines, plantedInFiles } from "./planted.ts"

const planted = { PLANTED_PASSWORD: "planted-pass-51c0", PLANTED_TOKEN: "planted-env-77ae", PLANTED_HOOK: "planted-hook-90bd" }
const texts = Object.values(planted)

let installation: Installation
const shown: string[] = []

before(async () => {
  Object.assign(process.env, planted)
  const shard = `postgres://planted:\${PLANTED_PASSWORD}@127.0.0.1:${await freePort()}/nowhere?connect_timeout=1`
  installation = await Installation.start({ urls: { silent: `"${shard}"` } })
  const file = join(installation.repository, "conveyor.yml")
  const more = `environment: { TOKEN: "\${PLANTED_TOKEN}" }
watch: { notify: { hook: { webhook: { url: "http://127.0.0.1:9/\${PLANTED_HOOK}", secret: "\${PLANTED_HOOK}" } } } }
`
  await installation.write(
    "conveyor.yml",
    `${(await readFile(file, "utf8")).replace("  shards:", "  servers: { connect: 1s, attempts: 1 }\n  shards:")}${more}`,
  )
})
after(async () => {
  for (const name of Object.keys(planted)) delete process.env[name]
  await installation.end()
})

async function show(...argv: string[]): Promise<void> {
  const { out, error } = await installation.run(...argv)
  shown.push(out, error)
}

/** Every answer that the API has for a reader, and the event stream from its beginning. */
async function askEverything({ url, token }: ControlAddress): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  for (const path of [
    "status",
    "changes",
    "plan?revision=main",
    "runs",
    "runs/1",
    "runs/2",
    "logs?version=v2",
    "watch",
    "watch/incidents",
  ]) {
    shown.push(await (await fetch(`${url}/v1/${path}`, { headers })).text())
  }
  const stream = await fetch(`${url}/v1/events`, { headers: { ...headers, "last-event-id": "0" }, signal: AbortSignal.timeout(1_000) })
  const read = async () => {
    for await (const chunk of stream.body ?? []) shown.push(Buffer.from(chunk).toString())
  }
  // It goes on for good: what is there already comes at once.
  await read().catch(() => {})
}

test("secrets of the environment, of a fleet and of a webhook appear nowhere: state, journal, API, events, logs, errors, command lines", async () => {
  shown.push(await installation.push("A release that serves"))
  await installation.write(
    "changes/0001-price.yml",
    "summary: A column\noperations:\n  - add_column: { table: public.flower, column: colour, type: text }\n",
  )
  shown.push(await installation.push("A release that fails"))
  const control = JSON.parse(await readFile(join(installation.state, "control.json"), "utf8")) as ControlAddress
  await Promise.all([show("status"), show("show", "2"), show("change", "status"), askEverything(control)])

  const seen = shown.join("\n")
  assert.match(seen, /no connection to 127/)
  assert.match(seen, /"type":"journal"/)
  for (const text of texts) assert.ok(!seen.includes(text), `${text} was shown`)
  assert.deepEqual(plantedInCommandLines([...texts, control.token]), [])
  const finds = plantedInFiles(installation.state, [...texts, control.token])
  for (const { place, mode } of finds) {
    assert.match(place, /\/runtime\/wanted\/v\d+\.web\.json$|\/control\.json$/)
    assert.equal(mode, 0o600, place)
  }
  // What copies are started with has to be somewhere: the search would have found it elsewhere, too.
  assert.ok(finds.some(({ text }) => text === planted.PLANTED_TOKEN))
})

test("the search finds what was planted on purpose, in a file and in a command line", async () => {
  const file = join(installation.state, "logs", "planted.log")
  await writeFile(file, `said: ${planted.PLANTED_HOOK}\n`, { mode: 0o644 })
  try {
    assert.deepEqual(
      plantedInFiles(installation.state, [planted.PLANTED_HOOK]).map(({ place, mode }) => [place, mode]),
      [[file, 0o644]],
    )
    const child = spawn("sleep", ["30"], { argv0: planted.PLANTED_HOOK })
    try {
      await installation.eventually("its command line", () => plantedInCommandLines([planted.PLANTED_HOOK]).length === 1)
    } finally {
      child.kill("SIGKILL")
    }
  } finally {
    await rm(file)
  }
})
