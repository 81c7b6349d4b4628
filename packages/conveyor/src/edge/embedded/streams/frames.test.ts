import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { FrameBoundaries, closeFrame } from "./frames.ts"

const frame = fc
  .record({ size: fc.oneof(fc.nat(200), fc.nat(70_000)), masked: fc.boolean() })
  .map(({ size, masked }) => frameOf(size, masked))

function frameOf(size: number, masked: boolean): Buffer {
  const mask = masked ? 0x80 : 0
  const key = masked ? [1, 2, 3, 4] : []
  const length =
    size < 126
      ? [mask | size]
      : size < 65_536
        ? [mask | 126, size >> 8, size & 0xff]
        : [mask | 127, 0, 0, 0, 0, 0, size >> 16, (size >> 8) & 0xff, size & 0xff]
  return Buffer.concat([Buffer.from([0x82, ...length, ...key]), Buffer.alloc(size, 0xff)])
}

test("the end of a frame is found wherever the chunks are cut", () => {
  fc.assert(
    fc.property(frame, frame, fc.nat(), (first, second, at) => {
      const bytes = Buffer.concat([first, second])
      const cut = at % first.length
      const boundaries = new FrameBoundaries()
      boundaries.read(bytes.subarray(0, cut), "end")
      assert.equal(boundaries.isBetweenFrames, cut === 0)
      assert.equal(boundaries.read(bytes.subarray(cut), "to-boundary"), first.length - cut)
      assert.equal(boundaries.isBetweenFrames, true)
      assert.equal(boundaries.read(second, "end"), second.length)
      assert.equal(boundaries.isBetweenFrames, true)
    }),
    { numRuns: 200 },
  )
})

test("a closing frame says 1012 and why, masked toward a server", () => {
  const plain = closeFrame("bye", "plain")
  assert.deepEqual([...plain], [0x88, 5, 0x03, 0xf4, ...Buffer.from("bye")])
  const masked = closeFrame("bye", "masked")
  assert.equal(masked.length, plain.length + 4)
  const [key, payload] = [masked.subarray(2, 6), masked.subarray(6)]
  assert.deepEqual(
    payload.map((byte, i) => byte ^ (key[i % 4] ?? 0)),
    plain.subarray(2),
  )
  const boundaries = new FrameBoundaries()
  boundaries.read(masked, "end")
  assert.equal(boundaries.isClosing && boundaries.isBetweenFrames, true)
})
