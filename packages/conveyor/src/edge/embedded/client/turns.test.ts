import assert from "node:assert/strict"
import { connect } from "node:net"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { silentLogger } from "../../../kernel/logger.ts"
import { Counters } from "../counting/counters.ts"
import { Cuts } from "../requests/cuts.ts"
import { FailureLog } from "../requests/failure-log.ts"
import { edgeSettings } from "../settings.ts"
import type { ConnectionTools } from "./client-connection.ts"
import { Clients } from "./clients.ts"
import { Front } from "./front.ts"

test("a pipeline whose requests are answered at once takes turns with every other connection", async () => {
  const [settings, now, carried] = [edgeSettings.parse({}), () => 0, [] as string[]]
  let close = () => {}
  const isCarried = new Promise<void>((resolve) => {
    const tools: ConnectionTools = {
      settings,
      clients: new Clients(settings, now),
      keptFields: "",
      securityField: "",
      stopping: new AbortController().signal,
      now,
      cuts: new Cuts(new Counters(), new FailureLog(silentLogger, now), silentLogger),
      deadlineOf: () => undefined,
      carryUpgrade: () => assert.fail("nobody asked for one"),
      carry: ({ url }, response) => {
        carried.push(url)
        if (carried.length === 1) say("/other", 1)
        if (url === "/other") resolve()
        response.whole({ status: 200, statusText: "OK", fields: "", connection: "kept" }, Buffer.from("fine"))
      },
    }
    const front = new Front(tools, undefined)
    const sockets: ReturnType<typeof connect>[] = []
    const say = (path: string, times: number) => {
      const socket = connect((front.plain.address() as AddressInfo).port, "127.0.0.1").resume()
      sockets.push(socket)
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(times))
    }
    close = () => {
      for (const socket of sockets) socket.destroy()
      front.takeNoMore()
      front.closeAllConnections()
    }
    front.plain.listen(0, "127.0.0.1", () => say("/pipelined", 24_000))
  })
  try {
    await isCarried
    assert.ok(carried.indexOf("/other") < 100, `${carried.indexOf("/other")} of the pipeline went before it`)
  } finally {
    close()
  }
})
