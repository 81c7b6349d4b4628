import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { crc16 } from "./crc16.ts"
import { decodeEmvQr, EmvQrError, encodeEmvQr } from "./emv-qr.ts"
import type { EmvQr } from "./emv-qr.ts"
import type { EmvQrProblem } from "./emv-qr-error.ts"

/** Objects as the code makes them, not without a prototype. */
const plainRecord = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(fields, { noNullPrototype: true })

const shop: EmvQr = {
  initiation: "dynamic",
  accounts: [{ id: "26", network: "ru.example.pay", fields: [{ id: "01", value: "12345678" }] }],
  category: "5992",
  amount: 15050n,
  country: "RU",
  merchantName: "Tulip and Rose",
  merchantCity: "Moscow",
  local: { language: "ru", name: "Тюльпан и роза" },
  billNumber: "B-42",
  reference: "order-1",
  others: [],
}
const written =
  "000201" +
  "010212" +
  "26300014ru.example.pay010812345678" +
  "52045992" +
  "5303643" +
  "5406150.50" +
  "5802RU" +
  "5914Tulip and Rose" +
  "6006Moscow" +
  "62190104B-420507order-1" +
  "64240002ru0114Тюльпан и роза" +
  "6304"

const printable = (most: number) => fc.stringMatching(new RegExp(`^[ -~]{1,${most}}$`))
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined })
const account = (id: string) =>
  plainRecord({
    id: fc.constant(id),
    network: printable(32),
    fields: fc.uniqueArray(
      plainRecord({ id: fc.integer({ min: 1, max: 99 }).map((n) => String(n).padStart(2, "0")), value: printable(20) }),
      {
        selector: ({ id }) => id,
        maxLength: 2,
      },
    ),
  })
const codes: fc.Arbitrary<EmvQr> = plainRecord({
  initiation: fc.constantFrom("dynamic", "static"),
  accounts: fc.oneof(fc.tuple(account("26")), fc.tuple(account("38"), account("51"))),
  category: fc.stringMatching(/^\d{4}$/),
  amount: optional(fc.bigInt({ min: 1n, max: 10n ** 12n - 1n })),
  country: fc.stringMatching(/^[A-Z]{2}$/),
  merchantName: printable(25),
  merchantCity: printable(15),
  local: optional(plainRecord({ language: fc.stringMatching(/^[a-z]{2}$/), name: fc.stringMatching(/^[а-яё🌷 ]{1,25}$/u) })),
  billNumber: optional(printable(25)),
  reference: optional(printable(25)),
  others: fc.uniqueArray(plainRecord({ id: fc.constantFrom("55", "61", "80", "99"), value: printable(30) }), { selector: ({ id }) => id }),
})

const sealed = (body: string) => `${body}${crc16(body)}`
const problemOf = (text: string): EmvQrProblem | undefined => {
  try {
    decodeEmvQr(text)
    return undefined
  } catch (cause) {
    if (cause instanceof EmvQrError) return cause.problem
    throw cause
  }
}

test("a code is written field by field as the specification has them, the checksum over everything before it", () => {
  assert.equal(encodeEmvQr(shop), sealed(written))
  assert.deepEqual(decodeEmvQr(sealed(written)), shop)
})

test("every code is read as it was written", () => {
  fc.assert(fc.property(codes, (qr) => assert.deepEqual(decodeEmvQr(encodeEmvQr(qr)), qr)))
})

test("one changed character is always found, in the checksum too", () => {
  fc.assert(
    fc.property(codes, fc.nat(), fc.stringMatching(/^[ -~]$/), (qr, place, sign) => {
      const text = encodeEmvQr({ ...qr, local: undefined })
      const at = place % text.length
      fc.pre(text[at] !== sign)
      assert.notEqual(problemOf(`${text.slice(0, at)}${sign}${text.slice(at + 1)}`), undefined)
    }),
  )
})

test("a text that ends early is refused with a typed error, wherever it ends", () => {
  const text = encodeEmvQr(shop)
  for (let length = 0; length < text.length; length += 1) assert.notEqual(problemOf(text.slice(0, length)), undefined, `${length}`)
})

test("any text at all is a code or a typed error", () => {
  const anyBody = fc.oneof(fc.string(), fc.stringMatching(/^(\d{4}[ -~]{0,6}){0,8}$/)).map((text) => sealed(`${text}6304`))
  fc.assert(fc.property(fc.oneof(fc.string(), anyBody), (text) => void problemOf(text)))
})

test("what is wrong with a code is said", () => {
  const cases: [EmvQrProblem, string][] = [
    ["bad-checksum", `${written}0000`],
    ["bad-checksum", sealed(written).replace(/.{4}$/, (sum) => (sum === sum.toLowerCase() ? "ffff" : sum.toLowerCase()))],
    ["bad-order", sealed(written.slice(0, -4))],
    ["bad-order", sealed(written.replace("000201010212", "010212000201"))],
    ["bad-object", sealed(written.replace("5802RU", "58XXRU"))],
    ["bad-object", sealed(written.replace("64240002", "64990002"))],
    ["bad-object", sealed(written.replace("5802RU", "5800"))],
    ["repeated-field", sealed(written.replace("5802RU", "5802RU5802RU"))],
    ["missing-field", sealed(written.replace("5802RU", ""))],
    ["missing-field", sealed(written.replace("26300014ru.example.pay010812345678", ""))],
    ["missing-field", sealed(written.replace("26300014ru.example.pay010812345678", "2612010812345678"))],
    ["bad-field", sealed(written.replace("000201", "000202"))],
    ["bad-field", sealed(written.replace("010212", "010213"))],
    ["bad-field", sealed(written.replace("5303643", "5303840"))],
    ["bad-field", sealed(written.replace("5406150.50", "5406150,50"))],
    ["too-long", sealed(`${"9".repeat(600)}6304`)],
  ]
  for (const [problem, text] of cases) assert.equal(problemOf(text), problem, text)
})

test("a tip or a field of later times is kept, not refused", () => {
  const text = sealed(written.replace("5802RU", "5802RU550201").replace("6304", "990400016304"))
  assert.deepEqual(decodeEmvQr(text).others, [
    { id: "55", value: "01" },
    { id: "99", value: "0001" },
  ])
})

test("what no reader could read is not written", () => {
  const wrong: Partial<EmvQr>[] = [
    { merchantName: "Тюльпан" },
    { merchantName: "" },
    { merchantCity: "a city of many letters" },
    { category: "599" },
    { country: "ru" },
    { amount: 10n ** 12n },
    { billNumber: "b".repeat(26) },
    { accounts: [{ id: "25", network: "x", fields: [] }] },
    { others: [{ id: "54", value: "1.00" }] },
  ]
  for (const change of wrong) {
    assert.throws(
      () => encodeEmvQr({ ...shop, ...change }),
      { name: "EmvQrError", problem: "bad-field" },
      JSON.stringify(Object.keys(change)),
    )
  }
  const [first] = shop.accounts
  assert.throws(() => encodeEmvQr({ ...shop, accounts: [first, first] }), { problem: "repeated-field" })
  assert.throws(() => encodeEmvQr({ ...shop, others: ["80", "81", "82", "83", "84"].map((id) => ({ id, value: "x".repeat(90) })) }), {
    problem: "too-long",
  })
})
