// The watch of a whole installation: a problem from what is seen to who is told and back, over kill -9 of the control plane.
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { after, before, test } from "node:test"
import { signatureOf } from "../src/watch/notify/webhook.ts"
import { Installation } from "./installation.ts"

interface Told {
  id: string
  transition: string
  subject: string
  incidents: { id: number; check: string }[]
}

let installation: Installation
let page: Server
let hook: Server
let pageAnswers = 200
const told: Told[] = []
const secret = "only-both-sides-know"

before(async () => {
  page = await listening(createServer((_, response) => response.writeHead(pageAnswers, { connection: "close" }).end("shop")))
  hook = await listening(
    createServer(async (request, response) => {
      const body = await text(request)
      const [, seconds = "", signature] = /^t=(\d+),v1=(\w+)$/.exec(String(request.headers["x-conveyor-signature"])) ?? []
      assert.equal(signature, signatureOf(secret, Number(seconds), body))
      told.push(JSON.parse(body) as Told)
      response.writeHead(204, { connection: "close" }).end()
    }),
  )
  installation = await Installation.start({ urls: {} })
  await installation.write(
    "conveyor.yml",
    `name: shop
services: { web: { start: node server.mjs, routes: [/] } }
edge: { listen: "127.0.0.1:0" }
watch:
  own: [edge, machine]
  machine: { disk_free: 0.0001, memory_free: 0.0001, inodes_free: 0.0001, load_per_core: 1000, full_within: 1ms }
  checks:
    page: { http: "${urlOf(page)}", every: 250ms }
    nightly: { heartbeat: { every: 10h }, severity: ticket }
  notify: { hook: { webhook: { url: "${urlOf(hook)}", secret: "${secret}" }, severities: [page] } }
`,
  )
  await startAnew()
})
after(async () => {
  await installation?.end()
  for (const server of [page, hook]) server?.close().closeAllConnections()
})

async function startAnew(): Promise<void> {
  await installation.killControlPlane()
  await installation.up()
}

async function listening(server: Server): Promise<Server> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return server
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
const stands = async (check: string) => {
  const { checks } = JSON.parse(await installation.must("watch", "status", "--json")) as { checks: { name: string; standing: string }[] }
  return checks.find(({ name }) => name === check)?.standing
}

const messagesOf = async (incident: string) =>
  (JSON.parse(await installation.must("watch", "show", incident, "--json")) as { messages: { sentAt?: number }[] }).messages

test("what is watched and well is told nobody; a heartbeat that has time is not known", async () => {
  for (const check of ["page", "edge", "machine"]) await installation.eventually(check, async () => (await stands(check)) === "fine")
  assert.equal(await stands("nightly"), "unseen")
  await installation.must("watch", "beat", "nightly")
  assert.deepEqual(told, [])
})

test("a problem is told once, signed; the control plane killed meanwhile tells it no second time, and that it is over once", async () => {
  pageAnswers = 500
  await installation.eventually("the letter", () => told.length > 0)
  // Killed before it has noted that the letter was taken, it would send it again under the same id, as it says.
  await installation.eventually("the letter to be noted", async () => (await messagesOf("1")).every(({ sentAt }) => sentAt !== undefined))
  await startAnew()
  await installation.must("watch", "ack", "1", "--actor", "anna")
  await installation.must("watch", "comment", "1", "--cause", "a certificate", "had ended")
  pageAnswers = 200
  await installation.eventually("the second letter", () => told.some(({ transition }) => transition === "closed"))
  assert.deepEqual(
    told.map(({ transition, subject }) => [transition, subject]),
    [
      ["opened", "[shop] PROBLEM: page"],
      ["closed", "[shop] OVER: page"],
    ],
  )
  const report = await installation.must("watch", "show", "1", "--markdown")
  for (const line of [/^# Incident 1: page$/m, /a certificate had ended/, /acknowledged \(anna\)/, /closed: answered as it should/]) {
    assert.match(report, line)
  }
})

test("the ledger says what was down, and nothing of what nobody saw", async () => {
  const [page_] = JSON.parse(await installation.must("watch", "ledger", "page", "--json")) as {
    downMs: number
    seen: number
    kept: string
  }[]
  assert.ok(page_ !== undefined && page_.downMs > 0 && page_.seen < 0.01)
  assert.equal(page_.kept, "not known")
})

test("what is not there is refused by name", async () => {
  for (const [argv, words] of [
    [["watch", "ack", "77"], /no incident 77/],
    [["watch", "beat", "page"], /no heartbeat page/],
    [["watch", "test", "pigeon"], /no notifier pigeon/],
    [["watch", "ledger", "nowhere"], /no check nowhere/],
    [["watch", "unsilence", "9"], /no silence 9/],
  ] as const) {
    const { code, error } = await installation.run(...argv)
    assert.equal(code, 1)
    assert.match(error, words)
  }
})
