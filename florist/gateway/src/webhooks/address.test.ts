import assert from "node:assert/strict"
import { test } from "node:test"
import { objectionTo, publicAddress } from "./address.ts"
import { isSigned, sign } from "./signature.ts"

test("a webhook goes to public addresses by https alone, however a private one is written", async () => {
  for (const bad of [
    "http://example.com/",
    "https://127.0.0.1/",
    "https://10.1.2.3/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://user:secret@example.com/",
  ])
    assert.notEqual(objectionTo(new URL(bad), "public"), undefined, bad)
  assert.equal(objectionTo(new URL("https://203.0.113.7/hook"), "public"), undefined)
  await assert.rejects(publicAddress("localhost", "public"), /no public address/)
  assert.equal((await publicAddress("localhost", "anywhere")).family > 0, true)
})

test("a signature holds for its body, its secret and its time alone", () => {
  const at = new Date("2026-03-08T09:00:00Z")
  const signature = sign("s1", "body", at)
  const within = { now: new Date(at.getTime() + 60_000), withinS: 300 }
  assert.equal(isSigned("s1", "body", signature, within), true)
  assert.equal(isSigned("s2", "body", signature, within), false)
  assert.equal(isSigned("s1", "body2", signature, within), false)
  assert.equal(isSigned("s1", "body", signature, { now: new Date(at.getTime() + 301_000), withinS: 300 }), false)
  assert.equal(isSigned("s1", "body", signature.replace("t=1", "t=2"), within), false)
  assert.equal(isSigned("s1", "body", "nonsense", within), false)
})
