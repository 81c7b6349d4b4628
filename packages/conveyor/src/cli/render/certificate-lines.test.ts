import assert from "node:assert/strict"
import { test } from "node:test"
import { stripVTControlCharacters } from "node:util"
import { certificateLines, inTrouble } from "./certificate-lines.ts"

const dayMs = 86_400_000
const certificate = (leftDays: number, problem?: string) => ({
  hosts: ["shop.test", "*.shop.test"],
  notAfter: leftDays * dayMs,
  source: "/etc/shop.pem",
  member: "edge",
  ...(problem === undefined ? {} : { problem }),
})

test("a certificate's line says its hosts and how long it lasts; what is wrong with its file has a line of its own", () => {
  const lines = certificateLines([certificate(40.5), certificate(-1, "/etc/shop.pem cannot be used")], 0).map(stripVTControlCharacters)
  assert.deepEqual(lines, [
    "  shop.test, *.shop.test  40 days left  /etc/shop.pem",
    "  shop.test, *.shop.test  expired 24 h ago  /etc/shop.pem",
    "    /etc/shop.pem cannot be used",
  ])
})

test("a person hears of those that end within two weeks, have ended, or lie in files that are no good", () => {
  const all = [certificate(15), certificate(13), certificate(-1), certificate(90, "no good")]
  assert.deepEqual(inTrouble(all, 0), all.slice(1))
})
