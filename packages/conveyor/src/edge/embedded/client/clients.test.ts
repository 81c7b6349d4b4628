import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { Clients, keyOf } from "./clients.ts"
import type { ClientLimits } from "./clients.ts"

const limits: ClientLimits = {
  connectionsPerClient: 3,
  newConnectionsPerSecond: 2,
  requestsPerClient: 20,
  streamsPerClient: 2,
  maxRequestsInFlight: 40,
  maxConnections: 100,
  maxStreams: 3,
}

function clientsAt(start = 0): { clients: Clients; pass: (ms: number) => void } {
  let now = start
  return { clients: new Clients(limits, () => now), pass: (ms) => void (now += ms) }
}

test("one client opens as many connections as one may, and others still get in", () => {
  const { clients } = clientsAt()
  const taken = [1, 2, 3].map(() => clients.connect("10.0.0.1"))
  assert.equal(clients.connect("10.0.0.1"), undefined)
  assert.notEqual(clients.connect("10.0.0.2"), undefined)
  taken[0]?.()
  taken[0]?.()
  assert.notEqual(clients.connect("10.0.0.1"), undefined)
  assert.equal(clients.connect("10.0.0.1"), undefined)
})

test("a client that opens connections faster than one may has to wait, however soon it closes them", () => {
  const { clients, pass } = clientsAt()
  const open = () => {
    const release = clients.connect("10.0.0.1")
    release?.()
    return release !== undefined
  }
  assert.deepEqual(Array.from({ length: 8 }, open), [true, true, true, true, true, true, false, false])
  pass(500)
  assert.deepEqual([open(), open()], [true, false])
})

test("the fuller the edge, the less one client may have, and a newcomer is let in before a greedy one", () => {
  const { clients } = clientsAt()
  for (let i = 0; i < 20; i++) assert.equal(typeof clients.request("10.0.0.1"), "function")
  assert.equal(clients.request("10.0.0.1"), "tooManyAtOnce")
  for (let i = 0; i < 10; i++) assert.equal(typeof clients.request("10.0.0.2"), "function")
  assert.equal(clients.request("10.0.0.2"), "tooManyAtOnce")
  for (let i = 0; i < 8; i++) assert.equal(typeof clients.request("10.0.0.3"), "function")
  assert.equal(clients.request("10.0.0.3"), "tooManyAtOnce")
  for (let i = 0; i < 2; i++) assert.equal(typeof clients.request("10.0.0.4"), "function")
  assert.equal(clients.request("10.0.0.4"), "overloaded")
})

test("streams are bounded for one client and for all", () => {
  const { clients } = clientsAt()
  const first = clients.stream("10.0.0.1")
  clients.stream("10.0.0.1")
  assert.equal(clients.stream("10.0.0.1"), "tooManyAtOnce")
  clients.stream("10.0.0.2")
  assert.equal(clients.stream("10.0.0.2"), "overloaded")
  if (typeof first === "function") first()
  assert.equal(typeof clients.stream("10.0.0.2"), "function")
})

test("a network of IPv6 is one client, and an IPv4 address is itself in either form", () => {
  assert.equal(keyOf("2001:db8:1:2:3:4:5:6"), keyOf("2001:db8:1:2::9"))
  assert.notEqual(keyOf("2001:db8:1:2::9"), keyOf("2001:db8:1:3::9"))
  assert.equal(keyOf("::ffff:10.0.0.1"), keyOf("10.0.0.1"))
  assert.equal(keyOf("::1"), "0:0:0:0")
})

test("whatever clients do, all that they give back is theirs to take again, and none is remembered for ever", () => {
  const step = fc.record({ who: fc.integer({ min: 0, max: 4 }), what: fc.constantFrom("connect", "request", "stream"), back: fc.nat() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { clients, pass } = clientsAt()
      const held: (() => void)[] = []
      for (const { who, what, back } of steps) {
        const got = clients[what](`10.0.0.${who}`)
        if (typeof got === "function") held.push(got)
        if (back % 3 === 0) held.splice(back % (held.length + 1), 1)[0]?.()
      }
      for (const release of held) release()
      pass(10_000)
      clients.sweep()
      assert.equal(clients.known, 0)
      for (let i = 0; i < limits.requestsPerClient; i++) assert.equal(typeof clients.request("10.0.0.1"), "function")
    }),
  )
})
