import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { atOnceOf, wavesOf } from "./waves.ts"

const eight = Array.from({ length: 8 }, (_, i) => ({ service: `s${i}`, copies: 1 }))

test("the first copy of each service comes before the second of any, so many at once", () => {
  const services = [
    { service: "web", copies: 3 },
    { service: "api", copies: 1 },
  ]
  assert.deepEqual(wavesOf(services, {}, 2), [{ web: 1, api: 1 }, { web: 3 }])
  assert.deepEqual(wavesOf(services, {}, 1), [{ web: 1 }, { api: 1 }, { web: 2 }, { web: 3 }])
  assert.deepEqual(wavesOf(services, {}, 100), [{ web: 3, api: 1 }])
  assert.equal(wavesOf(eight, {}, 1).length, 8)
})

test("what is wanted already is neither started again nor given up", () => {
  assert.deepEqual(wavesOf([{ service: "web", copies: 3 }], { web: 2 }, 1), [{ web: 3 }])
  assert.deepEqual(wavesOf([{ service: "web", copies: 3 }], { web: 3 }, 1), [])
  assert.deepEqual(wavesOf([{ service: "web", copies: 1 }], { web: 3 }, 1), [])
})

test("whatever the services, every wave begins at the most so many, and in the end each has its copies", () => {
  const services = fc.uniqueArray(fc.record({ service: fc.constantFrom("a", "b", "c", "d"), copies: fc.integer({ min: 1, max: 9 }) }), {
    selector: ({ service }) => service,
    minLength: 1,
  })
  const wanted = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 0, max: 9 }))
  fc.assert(
    fc.property(services, wanted, fc.integer({ min: 1, max: 12 }), (wishes, already, atOnce) => {
      const now: Record<string, number> = { ...already }
      for (const wave of wavesOf(wishes, already, atOnce)) {
        const begun = Object.entries(wave).reduce((sum, [service, copies]) => sum + copies - (now[service] ?? 0), 0)
        assert.ok(begun > 0 && begun <= atOnce, `${begun} of ${atOnce}`)
        Object.assign(now, wave)
      }
      for (const { service, copies } of wishes) assert.equal(now[service], Math.max(copies, already[service] ?? 0))
    }),
  )
})

test("left to itself it takes half of the cores, and never none", () => {
  assert.deepEqual(
    [1, 2, 3, 8].map((cores) => atOnceOf("auto", cores)),
    [1, 1, 1, 4],
  )
  assert.equal(atOnceOf(7, 1), 7)
})
