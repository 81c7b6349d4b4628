import assert from "node:assert/strict"
import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import type { HttpCheck } from "../kernel/health-check.ts"
import { queryHealth } from "./health-query.ts"

type Address = { host: string; port: number }
const signal = new AbortController().signal
const pace = { timeoutMs: 5_000, intervalMs: 4_000, failures: 3 }
const status: HttpCheck = {
  kind: "http",
  method: "POST",
  path: "/api/v1/status",
  codes: [{ from: 200, to: 201 }],
  body: "status",
  client: "7",
  ...pace,
}
const plain: HttpCheck = { ...status, method: "GET", path: "/healthz?deep=1", codes: [{ from: 200, to: 200 }], body: "none" }

async function serving(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  ask: (address: Address) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => void request.resume().on("end", () => answer(request, response)))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    await ask({ host: "127.0.0.1", port: (server.address() as AddressInfo).port })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

const answering = (code: number, body: string, ask: (address: Address) => Promise<void>) =>
  serving((_, response) => response.writeHead(code).end(body), ask)

test("a copy is well that answers 200 or 201 with the id of its release", async () => {
  for (const code of [200, 201]) {
    await answering(code, '{"release":"r-2","shard":"up"}', async (address) => {
      assert.deepEqual(await queryHealth({ check: status, address, release: "r-2", signal }), { release: "r-2", shard: "up" })
    })
  }
})

for (const [what, code, body, reason] of [
  ["another release's id", 200, '{"release":"r-1"}', /answered for release "r-1"/],
  ["no id", 200, '{"ok":true}', /not JSON with the release's id/],
  ["no JSON", 200, "fine, thanks", /not JSON/],
  ["a server error", 503, '{"release":"r-2"}', /answered 503 where 200-201 means well/],
  ["another success", 204, "", /answered 204/],
] as const) {
  test(`a copy is not well that answers its status query with ${what}`, async () => {
    await answering(code, body, (address) => assert.rejects(queryHealth({ check: status, address, release: "r-2", signal }), reason))
  })
}

test("of an application as it is a GET is asked, with the query and under the host that it wants", async () => {
  const isAllowed = ({ method, url, headers }: IncomingMessage) =>
    method === "GET" && url === "/healthz?deep=1" && headers.host === "shop.example"
  await serving(
    (request, response) => response.writeHead(isAllowed(request) ? 200 : 400).end("ok"),
    async (address) => {
      assert.deepEqual(await queryHealth({ check: { ...plain, host: "shop.example" }, address, release: "r-2", signal }), { status: 200 })
      await assert.rejects(queryHealth({ check: plain, address, release: "r-2", signal }), /answered 400 where 200 means well/)
    },
  )
})

test("which codes mean well is the application's to say, and nobody is sent elsewhere", async () => {
  const codes = [
    { from: 204, to: 204 },
    { from: 300, to: 399 },
  ]
  for (const [code, isWell] of [
    [204, "well"],
    [301, "well"],
    [200, "ill"],
    [404, "ill"],
  ] as const) {
    await serving(
      (_, response) => response.writeHead(code, { location: "/elsewhere" }).end(),
      async (address) => {
        const asked = queryHealth({ check: { ...plain, codes }, address, release: "r-2", signal })
        if (isWell === "well") assert.deepEqual(await asked, { status: code })
        else await assert.rejects(asked, { code: "unhealthy" })
      },
    )
  }
})

test("an answer without end takes no more memory than what is read of it", async () => {
  const endless = (_: IncomingMessage, response: ServerResponse) => {
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(16_384)));
    }
    response.writeHead(500).on("drain", more)
    more()
  }
  await serving(endless, (address) => assert.rejects(queryHealth({ check: status, address, release: "r-2", signal }), /answered 500/))
})

test("a copy is not well that nobody answers for, whatever is asked", async () => {
  let free = { host: "127.0.0.1", port: 0 }
  await answering(200, "", async (address) => void (free = address))
  for (const check of [status, plain, { kind: "tcp", ...pace } as const]) {
    await assert.rejects(queryHealth({ check, address: free, release: "r-2", signal }), { code: "unhealthy", message: /ECONNREFUSED/ })
  }
})

test("a copy that only has to listen is well when it takes a connection", () =>
  answering(500, "", async (address) => {
    assert.deepEqual(await queryHealth({ check: { kind: "tcp", ...pace }, address, release: "r-2", signal }), {})
  }))
