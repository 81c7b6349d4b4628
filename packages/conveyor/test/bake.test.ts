// Bakes on a whole installation, with clients of several addresses: what one of them sends forges no evidence, a noisy
// neighbour condemns nobody, a fault that some requests show is found, and silence is held for a person's word.
import assert from "node:assert/strict"
import { readFile, rm, writeFile } from "node:fs/promises"
import { request } from "node:http"
import { connect } from "node:net"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { Installation } from "./installation.ts"

/** "/odd" fails in every version; with noise about, every other request fails; `faulty` answers so much of "/flowers" with 500. */
const service = (noise: string, faulty: number) => `
import { existsSync } from "node:fs"
import { createServer } from "node:http"
const { PORT, HOST, CONVEYOR_RELEASE: release, CONVEYOR_VERSION: version } = process.env
createServer((request, response) => {
  request.resume().on("end", () => {
    if (request.url.startsWith("/api/v1/status")) return response.end(JSON.stringify({ release, version }))
    const isNoisy = existsSync(${JSON.stringify(noise)}) && Math.random() < 0.5
    const isFaulty = request.url.startsWith("/flowers") && Math.random() < ${faulty}
    response.writeHead(isNoisy || isFaulty || request.url === "/odd" ? 500 : 200).end(version)
  })
}).listen(Number(PORT), HOST)
process.on("SIGTERM", () => process.exit(0))
`

const usual = "for: 3s, at_least: 50, at_most: 60s"
let installation: Installation
let port: number
let noise: string
let crowd: { leave: () => Promise<void> } | undefined

before(async () => {
  installation = await Installation.start({ urls: {} })
  noise = join(installation.state, "noise")
  const file = await readFile(join(installation.repository, "conveyor.yml"), "utf8")
  port = Number(/listen: "127.0.0.1:(\d+)"/.exec(file)?.[1])
  assert.match(await release("The first", { faulty: 0 }), /serves all new pages/)
})
after(async () => {
  await crowd?.leave()
  await installation.end()
})

async function release(message: string, { faulty, bake = usual }: { faulty: number; bake?: string }): Promise<string> {
  const begun = await begin(message, { faulty, bake })
  return begun.output
}

async function begin(message: string, { faulty, bake }: { faulty: number; bake: string }): Promise<{ output: Promise<string> }> {
  await installation.write("server.mjs", `${service(noise, faulty)}// ${message}\n`)
  const services = "services: { web: { start: node server.mjs, routes: [/] } }"
  const policy = `release: { bake: { ${bake} }, notice: 1s, rollback_window: 1h, stop_grace: 3s }`
  await installation.write("conveyor.yml", `name: shop\n${services}\nedge: { listen: "127.0.0.1:${port}" }\n${policy}\n`)
  return installation.beginPush(message)
}

/** Four clients, each of an address of its own, each asking for one thing after the other. */
function comeIn(): { leave: () => Promise<void> } {
  const stop = new AbortController()
  const clients = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"].map(async (localAddress) => {
    for (let i = 0; !stop.signal.aborted; i++) {
      await ask(localAddress, i % 3 === 0 ? "POST" : "GET", "/flowers")
      await sleep(60)
    }
  })
  return {
    leave: async () => {
      stop.abort()
      await Promise.all(clients)
    },
  }
}

function ask(localAddress: string, method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers, localAddress, agent: false }, (answer) => {
      answer.resume().once("close", () => resolve(answer.statusCode ?? 0))
    })
    outgoing.once("error", () => resolve(0))
    outgoing.end(method === "POST" ? "x" : undefined)
  })
}

/** What has taken healthy releases back elsewhere: failures that any version shows, and requests that are broken off. */
async function beOdd(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await ask("127.0.0.66", "GET", "/odd")
    await ask("127.0.0.66", "POST", "/odd")
    await ask("127.0.0.66", "GET", "/flowers", { "x-long": "a".repeat(17_000) })
    await ask("127.0.0.66", "SOURCE", "/odd")
    const socket = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.66" }).on("error", () => {})
    socket.write("POST /flowers HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nonly the beginning")
    await sleep(20)
    socket.resetAndDestroy()
  }
}

test("one client's odd requests, hundreds of them, take no healthy version back", async () => {
  crowd = comeIn()
  const odd = new AbortController()
  const sending = beOdd(odd.signal)
  const output = await release("Healthy, and attacked", { faulty: 0 })
  odd.abort()
  await sending
  assert.match(output, /serves all new pages/)
})

test("a neighbour's noise, that makes every other request of both versions fail, takes no healthy version back", async () => {
  const { output } = await begin("Healthy, beside noise", { faulty: 0, bake: usual })
  await installation.reached("bake", "started")
  await sleep(500)
  await writeFile(noise, "")
  await sleep(1_000)
  await rm(noise)
  assert.match(await output, /serves all new pages/)
})

test("(control) a version that fails a third of what is asked goes back, and says how that is known", async () => {
  const output = await release("Faulty", { faulty: 0.33 })
  const run = (await installation.status()).runs.at(-1)
  assert.equal(run?.state, "rolled-back", output)
  assert.match(run?.reason ?? "", /bake: (worse than v3 at the same moment|more errors than before): .*seen by \d clients/)
})

test("a version that nobody uses is held, and conveyor promote takes it as it is", async () => {
  await crowd?.leave()
  const { output } = await begin("Nobody is here", { faulty: 0, bake: "for: 1s, at_least: 20, at_most: 1s" })
  await installation.reached("bake", "started")
  await sleep(2_500)
  const held = (await installation.status()).runs.at(-1)
  assert.deepEqual([held?.state, held?.version], ["running", "v5"])
  assert.match(await installation.must("status"), /bake holds: 0 requests seen, 20 needed; conveyor promote v5 takes it as it is/)
  assert.match(await installation.must("promote", "v5"), /v5 is taken as it is/)
  assert.match(await output, /serves all new pages/)
  const bake = (await installation.status()).runs.at(-1)?.steps.find(({ name }) => name === "bake")
  assert.match(String(bake?.facts?.["reason"]), /^taken as it is by /)
})

test("where nobody is, the conveyor asks declared paths of both versions itself: what is well is promoted, what is not goes back", async () => {
  const bake =
    'for: 1s, at_least: 10, at_most: 30s, when_quiet: synthetic, synthetic: [/flowers, "/flowers?page=2", "/flowers?page=3", "/flowers?page=4"]'
  assert.match(await release("Well, and asked", { faulty: 0, bake }), /serves all new pages/)
  await release("Faulty, and asked", { faulty: 1, bake })
  const run = (await installation.status()).runs.at(-1)
  assert.equal(run?.state, "rolled-back")
  assert.match(run?.reason ?? "", /worse than v6 at the same moment: .*seen by the conveyor itself/)
})
