import assert from "node:assert/strict"
import { test } from "node:test"
import { rangesOf, wordsOf } from "./words.ts"

test("words are found whatever their case, their ё, and what stands between them", () => {
  assert.deepEqual(wordsOf("Роза «Жёлтая», 60см", "ART-1/b"), ["роза", "желтая", "60см", "art", "1", "b"])
  assert.deepEqual(wordsOf("Роза роза РОЗА"), ["роза"])
  assert.deepEqual(wordsOf("", "—!"), [])
})

test("a beginning lies in the range of its search, another word does not", () => {
  const [range] = rangesOf("роз")
  assert.ok(range !== undefined)
  for (const word of ["роз", "роза", "розовый"]) assert.ok(word >= range.from && word < range.below, word)
  for (const word of ["ро", "рок", "рп"]) assert.ok(!(word >= range.from && word < range.below), word)
})
