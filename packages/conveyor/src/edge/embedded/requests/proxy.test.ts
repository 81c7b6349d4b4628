import assert from "node:assert/strict"
import type { AddressInfo, Socket } from "node:net"
import { tmpdir } from "node:os"
import { test } from "node:test"
import { systemClock } from "../../../kernel/time/clock.ts"
import { silentLogger } from "../../../kernel/logger.ts"
import { Clients } from "../client/clients.ts"
import { ask } from "../../contract/client.ts"
import { startCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { Comparing } from "../counting/comparing.ts"
import { Counters } from "../counting/counters.ts"
import { TrustedProxies } from "./addresses.ts"
import { Cuts } from "./cuts.ts"
import { FailureLog } from "./failure-log.ts"
import { Deadlines } from "../streams/deadlines.ts"
import { LastingStreams } from "../streams/lasting-streams.ts"
import { Notices } from "../pages/notices.ts"
import { PageIds } from "../pages/page-ids.ts"
import { OwnPages } from "../pages/own-pages.ts"
import { Identities } from "./identity.ts"
import { createProxy } from "./proxy.ts"
import { edgeSettings } from "../settings.ts"
import { ToldPages } from "../pages/told-pages.ts"
import { Traffic } from "../counting/traffic.ts"
import { Spools } from "../spool/spools.ts"
import { Upstreams } from "../upstream/upstreams.ts"

test("a request is counted in flight before anything else can run, so that no table can come between", async () => {
  await using v1 = await startCopy("v1")
  const [settings, counters, clock] = [edgeSettings.parse({}), new Counters(), systemClock]
  const now = () => clock.now()
  const traffic = new Traffic(now)
  const upstreams = new Upstreams(settings)
  const notices = new Notices({
    counters,
    toldPages: new ToldPages(),
    clock,
    heartbeatMs: settings.heartbeatMs,
    before: { pages: {}, until: 0 },
  })
  const tools = {
    traffic,
    comparing: new Comparing(() => 0),
    upstreams,
    counters,
    lasting: new LastingStreams(clock),
    settings,
    identities: new Identities(new TrustedProxies([])),
    pageIds: new PageIds("secret"),
    stopping: new AbortController().signal,
    now,
    deadlines: new Deadlines(now, 0),
    clients: new Clients(settings, now),
  }
  const failures = new FailureLog(silentLogger, now)
  const rest = { failures, cuts: new Cuts(counters, failures, silentLogger), spools: new Spools(tmpdir(), 0) }
  const front = createProxy({ ...tools, ...rest }, new OwnPages({ ...tools, notices }), undefined, silentLogger)
  traffic.use(tableOf({ generation: 1, current: "v1", copies: [v1] }))
  const counted: number[] = []
  // Listeners run one after the other within one turn: this one right after the proxy's own.
  front.plain.on("connection", (socket: Socket) => socket.once("data", () => counted.push(traffic.inFlight("v1"))))
  await new Promise<void>((resolve) => front.plain.listen(0, "127.0.0.1", resolve))
  try {
    const { port } = front.plain.address() as AddressInfo
    assert.equal((await ask(`http://127.0.0.1:${port}/x`)).status, 200)
    assert.deepEqual(counted, [1])
  } finally {
    front.takeNoMore()
    front.closeAllConnections()
    upstreams.close()
    notices.close()
  }
})
