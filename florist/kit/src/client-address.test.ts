import assert from "node:assert/strict"
import type { IncomingMessage } from "node:http"
import { test } from "node:test"
import { clientBehind, clientOf, countedAs, trustIn } from "./client-address.ts"

const asked = (peer: string, headers: Record<string, string>) =>
  ({ headers, socket: { remoteAddress: peer }, connection: { remoteAddress: peer } }) as unknown as IncomingMessage
const named = { "x-forwarded-for": "198.51.100.9, 203.0.113.7, 10.0.0.5" }

test("only a proxy that was named says who its client is, and only as far as named ones have seen it", () => {
  assert.equal(clientBehind(asked("127.0.0.1", named), trustIn("")), "127.0.0.1")
  assert.equal(clientBehind(asked("192.0.2.1", named), trustIn("loopback, 10.0.0.0/8")), "192.0.2.1")
  assert.equal(clientBehind(asked("::ffff:127.0.0.1", named), trustIn("loopback, 10.0.0.0/8")), "203.0.113.7")
  assert.equal(clientBehind(asked("10.0.0.6", named), trustIn("10.0.0.0/8")), "203.0.113.7")
  assert.equal(clientBehind(asked("10.0.0.6", { "x-forwarded-for": "unknown" }), trustIn("10.0.0.0/8")), "10.0.0.6")
  assert.throws(() => trustIn("10.0.0.0/8, somewhere"), /somewhere/)
})

test("a service believes its front door alone, and takes no word for an address", () => {
  const frontDoors = trustIn("loopback")
  assert.equal(clientOf(asked("127.0.0.1", { "x-real-ip": "203.0.113.7" }), frontDoors), "203.0.113.7")
  assert.equal(clientOf(asked("192.0.2.1", { "x-real-ip": "203.0.113.7" }), frontDoors), "192.0.2.1")
  assert.equal(clientOf(asked("127.0.0.1", { "x-real-ip": "somebody" }), frontDoors), "127.0.0.1")
  assert.equal(clientOf(asked("127.0.0.1", named), frontDoors), "127.0.0.1")
})

test("addresses of one IPv6 network count as one", () => {
  assert.equal(countedAs("203.0.113.7"), "203.0.113.7")
  const [one, other] = [countedAs("2001:db8:0:7::1"), countedAs("2001:0db8::7:aaaa:0:0:1")]
  assert.deepEqual([one, other], ["2001:db8:0:7::/64", "2001:db8:0:7::/64"])
  assert.equal(countedAs("::1"), "0:0:0:0::/64")
  assert.notEqual(countedAs("2001:db8:0:8::1"), one)
})
