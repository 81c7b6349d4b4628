import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { Pin } from "./pin.ts"

const answer = (version: string | undefined, more: { rescuedFrom?: string; at?: number } = {}) => ({
  version,
  rescuedFrom: undefined,
  at: 0,
  ...more,
})

describe("a page's pin", () => {
  test("holds while its own version answers", () => {
    assert.equal(new Pin("v1").judge(answer("v1")), undefined)
  })

  test("a stray answer is a wrong version; staying with the other version is a lost pin", () => {
    const pin = new Pin("v1")
    assert.equal(pin.judge(answer("v2"))?.kind, "wrong-version")
    assert.equal(pin.judge(answer("v2"))?.kind, "lost-pin")
    assert.equal(pin.judge(answer("v1")), undefined)
    assert.equal(pin.judge(answer("v2"))?.kind, "wrong-version")
  })

  test("an answer that names no version is a wrong version", () => {
    assert.equal(new Pin("v1").judge(answer(undefined))?.kind, "wrong-version")
  })

  test("a rescued answer holds the pin only of the version that it was given for", () => {
    assert.equal(new Pin("v3").judge(answer("v2", { rescuedFrom: "v3" })), undefined)
    assert.equal(new Pin("v1").judge(answer("v2", { rescuedFrom: "v3" }))?.kind, "wrong-version")
  })

  test("a told page is owed its version until the moment it was told to reload by", () => {
    const pin = new Pin("v1")
    pin.tell(1_000)
    assert.equal(pin.judge(answer("v2", { at: 999 }))?.kind, "wrong-version")
    assert.equal(pin.judge(answer("v2", { at: 1_000 })), undefined)
  })

  test("without a version in the document's answer there is nothing to hold", () => {
    assert.equal(new Pin(undefined).judge(answer("v2")), undefined)
  })
})
