import assert from "node:assert/strict"
import { test } from "node:test"
import { crc16 } from "./crc16.ts"

test("the checksum is CRC-16/CCITT-FALSE: the known answers of the catalogue, of nothing, and of a published payment code", () => {
  assert.equal(crc16("123456789"), "29B1")
  assert.equal(crc16(""), "FFFF")
  assert.equal(
    crc16(
      "00020101021252044131153137210116372101160123456789ABCDE6010Phnom Penh5913Merchant Shop5802KH540510.005303840622501081234567802090124444446304",
    ),
    "A0BA",
  )
})

test("a checksum always has four signs, and goes over bytes, not characters", () => {
  assert.ok(Array.from({ length: 2000 }, (_, n) => crc16(String(n))).every((sum) => /^[0-9A-F]{4}$/.test(sum)))
  assert.notEqual(crc16("роза"), crc16("@>70"))
})
