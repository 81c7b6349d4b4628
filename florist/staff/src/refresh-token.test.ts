import assert from "node:assert/strict"
import { test } from "node:test"
import { firstRotation, graceMs, parseToken, tokenText, useToken } from "./refresh-token.ts"

const at = (ms: number) => new Date(Date.UTC(2026, 2, 8) + ms)

test("a token is read as it was written, and nothing else is a token", () => {
  const { secret } = firstRotation(at(0))
  const token = { shop: 17, session: "01987f6e-0000-7000-8000-000000000001", secret }
  assert.deepEqual(parseToken(tokenText(token)), token)
  for (const text of ["", "17", "17.x.y", `${tokenText(token)}=`, tokenText(token).slice(3)]) assert.equal(parseToken(text), undefined)
})

test("the current token gives a successor, and the old one gives the same again while its answer may be lost", () => {
  const { secret, rotation } = firstRotation(at(0))
  const first = useToken(rotation, secret, at(1_000))
  assert.ok(first.outcome === "rotated")
  const again = useToken(first.next, secret, at(1_000 + graceMs))
  assert.ok(again.outcome === "given-again")
  assert.deepEqual(again.secret, first.secret)
  assert.equal(useToken(first.next, again.secret, at(2_000)).outcome, "rotated")
})

test("an old token is refused after the grace, and at once where its successor was used", () => {
  const { secret, rotation } = firstRotation(at(0))
  const first = useToken(rotation, secret, at(1_000))
  assert.ok(first.outcome === "rotated")
  assert.equal(useToken(first.next, secret, at(1_001 + graceMs)).outcome, "reused")
  const second = useToken(first.next, first.secret, at(2_000))
  assert.ok(second.outcome === "rotated")
  assert.equal(useToken(second.next, secret, at(2_001)).outcome, "reused")
})

test("what is kept tells no token", () => {
  const { secret, rotation } = firstRotation(at(0))
  const used = useToken(rotation, secret, at(0))
  assert.ok(used.outcome === "rotated")
  const kept = [used.next.tokenHash, used.next.previousHash, used.next.successorSealed]
  for (const value of kept) assert.ok(value !== null && !value.equals(secret) && !value.equals(used.secret))
})
