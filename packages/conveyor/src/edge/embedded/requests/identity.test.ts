import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { addressIn, TrustedProxies } from "./addresses.ts"
import { identify, isLeftBehind } from "./identity.ts"

const terminator = "10.0.0.7"
const trusted = new TrustedProxies(["10.0.0.0/8", "fd00::/8", "192.0.2.1"])

function identified(headers: Record<string, string>, peer = terminator) {
  const told = identify(
    { peer: { address: peer, isEncrypted: false }, head: { authority: "shop.example:8080" }, header: (name) => headers[name] },
    trusted,
  )
  const value = (name: string) => new RegExp(`^${name}: (.*)\r$`, "m").exec(told.fields)?.[1]
  return { ...told, for: value("x-forwarded-for"), proto: value("x-forwarded-proto"), host: value("x-forwarded-host"), value }
}

test("what a client says of itself reaches nobody", () => {
  const lies = {
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "bank.example",
    forwarded: "for=203.0.113.7",
  }
  const told = identified(lies, "198.51.100.4")
  assert.deepEqual([told.address, told.for, told.proto, told.host], ["198.51.100.4", "198.51.100.4", "http", "shop.example:8080"])
  assert.deepEqual([told.value("x-real-ip"), told.value("x-forwarded-port")], ["198.51.100.4", "8080"])
  assert.equal(told.value("forwarded"), 'for=198.51.100.4;proto=http;host="shop.example:8080"')
  for (const name of [
    "forwarded",
    "x-real-ip",
    "true-client-ip",
    "x_forwarded_for",
    "x_forwarded-proto",
    "cf_connecting_ip",
    "x-original-url",
  ]) {
    assert.equal(isLeftBehind(name, told), true, name)
  }
  for (const name of ["cookie", "x_order_id", "x-request-id"]) assert.equal(isLeftBehind(name, told), false, name)
})

test("what a trusted proxy says of its client is believed: address, protocol, host and port", () => {
  const headers = {
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "bank.example",
    "x-forwarded-port": "443",
  }
  const told = identified(headers)
  assert.deepEqual([told.address, told.for, told.proto, told.host], ["203.0.113.7", "203.0.113.7, 10.0.0.7", "https", "bank.example"])
  assert.deepEqual([told.value("x-real-ip"), told.value("x-forwarded-port")], ["203.0.113.7", "443"])
  assert.equal(isLeftBehind("true-client-ip", told), false)
  assert.equal(isLeftBehind("true_client_ip", told), true)
})

test("the standard header says the same", () => {
  const told = identified({ forwarded: 'for="[2001:db8::1]:4711";proto=https;host="bank.example", for=10.1.1.1' })
  assert.deepEqual([told.address, told.proto, told.host], ["2001:db8::1", "https", "bank.example"])
  assert.equal(told.value("forwarded"), 'for="[2001:db8::1]";proto=https;host="bank.example"')
})

const rightEnds: [chain: string, address: string, passed: string][] = [
  ["6.6.6.6, 203.0.113.7", "203.0.113.7", "203.0.113.7, 10.0.0.7"],
  ["6.6.6.6, 203.0.113.7, 10.2.0.1, fd00::3", "203.0.113.7", "203.0.113.7, 10.2.0.1, fd00::3, 10.0.0.7"],
  ["10.3.0.1", "10.3.0.1", "10.3.0.1, 10.0.0.7"],
  ["6.6.6.6, unknown", "10.0.0.7", "10.0.0.7"],
  ["203.0.113.7:5511", "203.0.113.7", "203.0.113.7, 10.0.0.7"],
  ["", "10.0.0.7", "10.0.0.7"],
]
for (const [chain, address, passed] of rightEnds) {
  test(`in "${chain}" the client is ${address}: read from the right, and what stands left of it is dropped`, () => {
    const told = identified({ "x-forwarded-for": chain })
    assert.deepEqual([told.address, told.for], [address, passed])
  })
}

test("of several protocols the one counts that the client's own proxy has seen", () => {
  assert.equal(identified({ "x-forwarded-for": "203.0.113.7, 10.0.0.9", "x-forwarded-proto": "https, http" }).proto, "https")
  assert.equal(identified({ "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "gopher" }).proto, "http")
})

test("whatever a client writes in front of the truth, its address stays what the trusted proxy saw", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), { maxLength: 5 }), (lies) => {
      const said = [...lies.map((lie) => lie.replaceAll(",", "")), "203.0.113.7"].join(", ")
      assert.equal(identified({ "x-forwarded-for": said }).address, "203.0.113.7")
    }),
  )
})

test("an IPv4 address is known in IPv6's clothes, and what is no network is refused", () => {
  assert.equal(addressIn("::ffff:10.0.0.7"), "10.0.0.7")
  assert.equal(identified({ "x-forwarded-for": "203.0.113.7" }, "::ffff:10.0.0.7").address, "203.0.113.7")
  assert.throws(() => new TrustedProxies(["10.0.0.300/8"]))
  assert.throws(() => new TrustedProxies(["10.0.0.0/33"]))
})
