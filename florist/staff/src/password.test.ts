import assert from "node:assert/strict"
import { test } from "node:test"
import { isPassword, keepPassword, refuseAsLong } from "./password.ts"

test("the right password is told from a wrong one, in whichever form its letters are typed", async () => {
  const kept = await keepPassword("Ёлка и роза")
  assert.equal(await isPassword("Ёлка и роза", kept), true)
  assert.equal(await isPassword("Ёлка и роза".normalize("NFD"), kept), true)
  assert.equal(await isPassword("ёлка и роза", kept), false)
  assert.equal(await isPassword("", kept), false)
})

test("two of the same password are kept differently", async () => {
  const [one, other] = await Promise.all([keepPassword("peony peony"), keepPassword("peony peony")])
  assert.notDeepEqual(one.hash, other.hash)
})

test("nobody's password is right", async () => {
  assert.equal(await refuseAsLong(""), false)
})
