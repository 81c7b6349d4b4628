import assert from "node:assert/strict"
import { test } from "node:test"
import { fullNumber, phonePrefixes, readPhone } from "./phone.ts"

test("every way of writing a number is the same number", () => {
  for (const written of ["9268693654", "89268693654", "79268693654", "+7 (926) 869-36-54", "8 926 869 36 54", "007 926 869 3654"]) {
    assert.deepEqual(readPhone(written, 7), { countryCode: 7, number: "9268693654" }, written)
    assert.deepEqual(readPhone(written), { countryCode: 7, number: "9268693654" }, written)
  }
  for (const written of ["+375 29 362-32-31", "375293623231", "293623231"]) {
    assert.deepEqual(readPhone(written, 375), { countryCode: 375, number: "293623231" }, written)
  }
  assert.deepEqual(readPhone("+375293623231"), { countryCode: 375, number: "293623231" })
})

test("a short number is kept as it is, and what has no digits is none", () => {
  assert.deepEqual(readPhone("928626", 7), { countryCode: 7, number: "928626" })
  for (const written of ["", "none", "+", "1".repeat(16)]) assert.equal(readPhone(written), undefined, written)
})

test("a number read again from what was kept stays the same", () => {
  for (const written of ["89268693654", "+375293623231", "+12125550100", "928626"]) {
    const phone = readPhone(written)
    assert.ok(phone)
    assert.deepEqual(readPhone(phone.number, phone.countryCode), phone)
    assert.deepEqual(readPhone(`+${fullNumber(phone)}`), phone, written)
  }
})

test("the beginning of a number finds it with 8 and with 7", () => {
  assert.deepEqual(phonePrefixes("8 (926"), ["8926", "7926"])
  assert.deepEqual(phonePrefixes("+7 926"), ["7926"])
})
