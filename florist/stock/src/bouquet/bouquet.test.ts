import assert from "node:assert/strict"
import { test } from "node:test"
import { Refusal } from "@florist/kit/refusal"
import { isMade, priceOf, workFor } from "./bouquet.ts"
import type { Bouquet, BouquetStatus } from "./bouquet.ts"

const price = { amount: 10_000, discount: 0, discountType: "absolute", markup: 0, markupType: "absolute" } as const

test("a price is the amount with its markup, less its discount, to the kopeck and never below nothing", () => {
  assert.equal(priceOf({ ...price, markup: 1_250, markupType: "percent" }), 11_250)
  assert.equal(priceOf({ ...price, markup: 1_000, discount: 1_000, discountType: "percent" }), 9_900)
  assert.equal(priceOf({ ...price, amount: 333, discount: 5_000, discountType: "percent" }), 166)
  assert.equal(priceOf({ ...price, discount: 20_000 }), 0)
})

const bouquet = (status: BouquetStatus) => ({ docNo: "7", status }) as Bouquet

test("what is made can be shown, kept and taken apart; what is sold comes back by a return alone", () => {
  assert.equal(workFor(bouquet("draft"), "demonstrated"), "assemble")
  assert.equal(workFor(bouquet("demonstrated"), "deleted"), "disassemble")
  assert.equal(workFor(bouquet("disassembled"), "assembled"), "assemble")
  assert.equal(workFor(bouquet("sold"), "sold"), "nothing")
  const forbidden: [BouquetStatus, BouquetStatus][] = [
    ["sold", "disassembled"],
    ["deleted", "draft"],
    ["draft", "sold"],
    ["draft", "disassembled"],
  ]
  for (const [from, to] of forbidden) assert.throws(() => workFor(bouquet(from), to), Refusal)
  const made = (["draft", "assembled", "demonstrated", "reserved", "sold", "disassembled", "deleted"] as const).filter((status) =>
    isMade({ status }),
  )
  assert.deepEqual(made, ["assembled", "demonstrated", "reserved"])
})
