import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { createEmbeddedEdge } from "../adapter.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import { edgeProtocol, protocolHeader } from "./protocol.ts"

const never = new AbortController().signal

test("an edge tells a control plane of another version which protocol each speaks, and takes no table from it", async () => {
  const under = await embeddedEdge()
  try {
    const { adminUrl, token } = under.running
    for (const said of [String(edgeProtocol + 1), undefined]) {
      const headers = { authorization: `Bearer ${token}`, ...(said === undefined ? {} : { [protocolHeader]: said }) }
      const answer = await fetch(`${adminUrl}/v1/table`, { method: "PUT", headers, body: "{}" })
      assert.equal(answer.status, 426)
      const { code, message } = (await answer.json()) as { code: string; message: string }
      assert.equal(code, "edge-protocol")
      assert.match(message, new RegExp(`edge speaks protocol ${edgeProtocol}, the control plane ${said ?? 1}`))
    }
  } finally {
    await under.close()
  }
})

test("a control plane tells that the edge is of another version, whatever that one answers", async () => {
  for (const said of [String(edgeProtocol - 1), undefined]) {
    const other = createServer((_, response) => response.writeHead(200, said === undefined ? {} : { [protocolHeader]: said }).end("{}"))
    other.listen(0, "127.0.0.1")
    await once(other, "listening")
    const adminUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    try {
      await assert.rejects(createEmbeddedEdge({ adminUrl, token: "t" }).table(never), {
        code: "edge-protocol",
        hint: /SIGUSR2 to its guard .* renews it/,
      })
    } finally {
      other.close()
    }
  }
})
