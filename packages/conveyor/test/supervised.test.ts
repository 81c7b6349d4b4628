// An installation that nobody watches over but its own supervisor: what is killed comes back, what is asked wrongly stops
// nothing, and down ends all.
import assert from "node:assert/strict"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { isAlive } from "../src/kernel/process/process-identity.ts"
import type { ProcessIdentity } from "../src/kernel/process/process-identity.ts"
import { Installation } from "./installation.ts"

let installation: Installation
const configFile = () => join(installation.repository, "conveyor.yml")

before(async () => {
  installation = await Installation.start({ urls: {} })
  await installation.must("up", "--supervised", "--config", configFile())
})
after(() => installation.end())

async function supervisor(): Promise<ProcessIdentity> {
  const text = await readFile(join(installation.state, "supervisor.json"), "utf8")
  return (JSON.parse(text) as { identity: ProcessIdentity }).identity
}

async function controlPlaneAnswers(): Promise<void> {
  const answers = () =>
    installation.status().then(
      () => true,
      () => false,
    )
  await installation.eventually("the control plane answers", answers, 50)
}

test("a control plane killed with -9 is back by itself, and the edge did not notice", async () => {
  const [, edge] = await installation.processes()
  await installation.killControlPlane()
  await controlPlaneAnswers()
  assert.deepEqual((await installation.processes())[1], edge)
})

test("control plane and edge killed together are both back, the edge at its address", async () => {
  const { edge } = await installation.status()
  await Promise.all([installation.killControlPlane(), installation.killEdge()])
  await controlPlaneAnswers()
  assert.equal((await installation.status()).edge, edge)
  assert.equal((await fetch(`${edge}/.conveyor/client.js`)).status, 200)
})

test("a second supervisor is refused, and up finds the first", async () => {
  const first = await supervisor()
  const second = await installation.run("supervise", "--config", configFile())
  assert.equal(second.code, 1)
  assert.match(second.error, new RegExp(`process ${first.pid} watches over this installation already`))
  await installation.must("up", "--supervised", "--config", configFile())
  assert.deepEqual(await supervisor(), first)
})

test("a restart with a file that is wrong, or that would move the edge, stops nothing", async () => {
  const [good, runs] = [await readFile(configFile(), "utf8"), await installation.processes()]
  for (const bad of ["name: [\n", good.replace(/listen: "127\.0\.0\.1:\d+"/, `listen: "127.0.0.1:1"`)]) {
    await writeFile(configFile(), bad)
    assert.notEqual((await installation.run("up", "--restart", "--config", configFile())).code, 0)
    assert.deepEqual(await installation.processes(), runs)
  }
  await writeFile(configFile(), good)
})

test("a restart renews control plane, edge and supervisor, and the edge answers all the time", async () => {
  const [{ edge }, before, watcher] = [await installation.status(), await installation.processes(), await supervisor()]
  const seen: unknown[] = []
  const over = new AbortController()
  const asking = (async () => {
    while (!over.signal.aborted)
      seen.push(await fetch(`${edge}/.conveyor/client.js`).then(async (answer) => (await answer.text(), answer.status), String))
  })()
  try {
    await installation.must("up", "--restart", "--config", configFile())
  } finally {
    over.abort()
    await asking
  }
  const now = await installation.processes()
  assert.ok(now[0]?.pid !== before[0]?.pid && now[1]?.pid !== before[1]?.pid)
  assert.ok(!isAlive(watcher) && isAlive(await supervisor()))
  assert.ok(seen.length > 0)
  assert.deepEqual(
    seen.filter((status) => status !== 200),
    [],
  )
})

test("down ends the supervisor too, before it starts anything again", async () => {
  const all = [await supervisor(), ...(await installation.processes())]
  await installation.must("down")
  assert.deepEqual(all.filter(isAlive), [])
  assert.equal((await installation.run("status")).code, 3)
})
