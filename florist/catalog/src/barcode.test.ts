import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { checkDigit, isBarcode, ownBarcode, typeOf } from "./barcode.ts"

test("codes that goods carry are taken, by their length", () => {
  const codes = {
    "725272730706": "upc",
    "9780201379624": "ean13",
    "90311017": "ean8",
    "4006381333931": "ean13",
    "96385074": "ean8",
  } as const
  for (const [code, type] of Object.entries(codes)) {
    assert.equal(typeOf(code), type)
    assert.ok(isBarcode(code, type), code)
  }
  assert.equal(typeOf("123"), undefined)
  assert.equal(isBarcode("90311017", "ean13"), false)
})

test("one wrong digit is always noticed", () => {
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 12 }).map((all) => all.join(""))
  fc.assert(
    fc.property(digits, fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 9 }), (text, place, by) => {
      const code = `${text}${checkDigit(text)}`
      const wrong = Array.from(code, (digit, n) => (n === place ? String((Number(digit) + by) % 10) : digit)).join("")
      return isBarcode(code, "ean13") && !isBarcode(wrong, "ean13")
    }),
  )
})

test("a shop's own codes are right and different", () => {
  assert.equal(new Set([1, 2, 99_999_999_999].map(ownBarcode).filter((code) => isBarcode(code, "ean13"))).size, 3)
})
