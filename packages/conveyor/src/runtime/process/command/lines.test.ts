import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { Lines } from "./lines.ts"
import { PacedLines } from "./paced-lines.ts"

function linesOf(chunks: readonly Buffer[], longest?: number): string[] {
  const seen: string[] = []
  const lines = new Lines((line) => seen.push(line), longest)
  for (const chunk of chunks) lines.push(chunk)
  lines.end()
  return seen
}

test("however the bytes are cut into chunks, the lines are the same", () => {
  const texts = fc.array(
    fc.string({ unit: "grapheme", maxLength: 30 }).filter((text) => !/[\r\n]/.test(text)),
    { maxLength: 20 },
  )
  fc.assert(
    fc.property(texts, fc.array(fc.nat({ max: 12 }), { minLength: 1 }), (wanted, sizes) => {
      const bytes = Buffer.from(wanted.map((text) => `${text}\n`).join(""))
      const chunks: Buffer[] = []
      for (let at = 0, n = 0; at < bytes.length; n++) {
        const size = Math.max(1, sizes[n % sizes.length] ?? 1)
        chunks.push(bytes.subarray(at, at + size))
        at += size
      }
      assert.deepEqual(linesOf(chunks), wanted)
    }),
  )
})

test("a line that is too long is cut, and says by how much; the next is whole again", () => {
  assert.deepEqual(linesOf([Buffer.from("abcdef"), Buffer.from("ghij\nnext\n")], 4), ["abcd … (6 bytes more in this line)", "next"])
})

test("a last line without an end is a line, and nothing is none", () => {
  assert.deepEqual(linesOf([Buffer.from("one\r\ntwo")]), ["one", "two"])
  assert.deepEqual(linesOf([]), [])
})

test("of a flood of lines as many are shown as a person can follow, and how many were left out", () => {
  const seen: string[] = []
  let now = 0
  const paced = new PacedLines(
    (line) => seen.push(line),
    () => now,
    2,
  )
  for (const line of ["a", "b", "c", "d"]) paced.push(line)
  now = 1_000
  for (const line of ["e", "f", "g"]) paced.push(line)
  paced.end()
  assert.deepEqual(seen, ["a", "b", "… 2 lines not shown", "e", "f", "… 1 lines not shown"])
})
