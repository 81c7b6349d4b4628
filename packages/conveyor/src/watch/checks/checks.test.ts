import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { ManualClock, systemClock } from "../../kernel/time/clock.ts"
import { askDns } from "./dns.ts"
import { Forecast } from "./forecast.ts"
import { askHeartbeat } from "./heartbeat.ts"
import { askHost } from "./host.ts"
import { askHttp } from "./http.ts"
import type { HttpStep } from "./http.ts"
import { askTcp } from "./tcp.ts"

const soon = () => AbortSignal.timeout(3_000)
const step = (of: Partial<HttpStep> & { url: string }): HttpStep => ({
  method: "GET",
  headers: {},
  expect: [200, 201],
  json: {},
  keep: {},
  ...of,
})

const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "/fine": (response) => response.writeHead(200).end('{"state":"fine","modules":[{"name":"orders","state":"fine"}]}'),
  "/problem": (response) => response.writeHead(200).end('{"state":"I have a problem"}'),
  "/broken": (response) => response.writeHead(500).end("stack trace"),
  "/away": (response) => response.writeHead(302, { location: "http://169.254.169.254/secrets" }).end(),
  "/page": (response) => response.writeHead(200).end("<p>fine</p>"),
  "/endless": (response) => {
    response.writeHead(200)
    const more = setInterval(() => response.write("x".repeat(100_000)), 1)
    response.on("close", () => clearInterval(more))
  },
  "/trickle": (response) => void response.writeHead(200).write("{"),
  "/sessions": (response) => response.writeHead(201).end('{"id":"a/b?c"}'),
  "/sessions/a%2Fb%3Fc": (response) => response.writeHead(200).end('{"state":"open"}'),
}

async function asking(steps: (base: string) => HttpStep[]) {
  const server = createServer((request, response) => (answers[request.url ?? ""] ?? answers["/broken"])?.(response)).listen(0, "127.0.0.1")
  await once(server, "listening")
  try {
    return await askHttp(steps(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), systemClock, soon())
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

for (const [what, path, of, outcome, words] of [
  ["the right code and state", "/fine", { json: { "$.state": "fine", "$.modules[0].name": "orders" } }, "fine", /as it should/],
  [
    "200 with another state",
    "/problem",
    { json: { "$.state": "fine" } },
    "problem",
    /\$\.state is "I have a problem", and should be "fine"/,
  ],
  ["a place that is not there", "/fine", { json: { "$.modules[3].name": "x" } }, "problem", /not there/],
  ["another code", "/broken", {}, "problem", /answered 500 where 200 or 201 is right: stack trace/],
  ["a redirect, which is not followed", "/away", {}, "problem", /answered 302/],
  ["a page where JSON is asked", "/page", { json: { "$.state": "fine" } }, "problem", /no JSON/],
  ["a text that is there", "/page", { contains: "fine" }, "fine", /as it should/],
  ["a text that is not", "/page", { contains: "welcome" }, "problem", /"welcome" is not in the answer/],
  ["an answer without end, of which a part is read", "/endless", { json: { "$.a": 1 } }, "problem", /too long to tell/],
  ["an answer that trickles", "/trickle", { json: { "$.a": 1 } }, "problem", /no answer in time|abort/],
] as const) {
  test(`http: ${what} is ${outcome === "fine" ? "fine" : "a problem"}`, async () => {
    const finding = await asking((base) => [step({ url: base + path, ...of })])
    assert.equal(finding.outcome, outcome)
    assert.match(finding.summary, words)
  })
}

test("http: what one step keeps the next one asks with, as one segment whatever is in it", async () => {
  const finding = await asking((base) => [
    step({ url: `${base}/sessions`, method: "POST", keep: { id: "$.id" } }),
    step({ url: `${base}/sessions/{{id}}`, json: { "$.state": "open" } }),
  ])
  assert.deepEqual([finding.outcome, finding.summary.includes("in")], ["fine", true])
})

test("http: who does not listen is a problem, and a password in the URL is nobody's", async () => {
  const finding = await askHttp([step({ url: "http://user:secret@127.0.0.1:1/?token=secret" })], systemClock, soon())
  assert.equal(finding.outcome, "problem")
  assert.doesNotMatch(finding.summary, /secret/)
})

test("tcp: a port that takes connections is fine, one that does not is a problem", async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  assert.equal((await askTcp({ host: "127.0.0.1", port }, systemClock, soon())).outcome, "fine")
  server.close()
  await once(server, "close")
  assert.equal((await askTcp({ host: "127.0.0.1", port }, systemClock, soon())).outcome, "problem")
})

test("dns: that no server of names answers is not known, and no problem of the name", async () => {
  const finding = await askDns({ name: "shop.example", type: "A", expect: [], servers: ["127.0.0.1:1"] }, soon())
  assert.equal(finding.outcome, "unknown")
})

test("a heartbeat is not known until it is heard or late, and late is a problem", () => {
  const target = { name: "nightly", everyMs: 1_000, graceMs: 200 }
  const outcomes = [
    askHeartbeat(target, 500, undefined, 0),
    askHeartbeat(target, 1_300, undefined, 0),
    askHeartbeat(target, 1_300, 200, 0),
    askHeartbeat(target, 1_500, 200, 0),
  ].map(({ outcome }) => outcome)
  assert.deepEqual(outcomes, ["unknown", "problem", "fine", "problem"])
})

test("the machine: what is beyond its limit is told by name, and a disk that cannot be asked is not known", async () => {
  const clock = new ManualClock(0)
  const within = await askHost({ memoryFree: 0.000_1, diskFree: 0.000_1, disks: ["/"] }, new Map(), clock.now())
  assert.equal(within.outcome, "fine")
  const beyond = await askHost({ memoryFree: 0.999_9, disks: ["/"] }, new Map(), clock.now())
  assert.deepEqual([beyond.outcome, /% of the memory is free/.test(beyond.summary)], ["problem", true])
  assert.equal((await askHost({ diskFree: 0.1, disks: ["/not/there"] }, new Map(), clock.now())).outcome, "unknown")
})

test("a disk that fills is full when its line says so; one that does not fill is never", () => {
  const [filling, resting] = [new Forecast(), new Forecast()]
  for (let minute = 0; minute <= 60; minute++) {
    filling.add(minute * 60_000, 1_000_000 - minute * 1_000)
    resting.add(minute * 60_000, 1_000_000)
  }
  assert.equal(filling.emptyInMs(60 * 60_000), 940 * 60_000)
  assert.equal(resting.emptyInMs(60 * 60_000), undefined)
  assert.equal(new Forecast().emptyInMs(0), undefined)
})
