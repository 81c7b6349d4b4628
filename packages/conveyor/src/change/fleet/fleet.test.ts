import assert from "node:assert/strict"
import { test } from "node:test"
import { setImmediate } from "node:timers/promises"
import { walkFleet, waves } from "./fleet.ts"

const fleet = (count: number, servers = 1) =>
  Array.from({ length: count }, (_, i) => ({ name: `s${i}`, url: `postgres://h${i % servers}/s${i}` }))
const signal = new AbortController().signal

test("the canary goes alone, then rising parts of the fleet, and no shard is left out", () => {
  assert.deepEqual(
    waves(fleet(48), [0.25, 1]).map((wave) => wave.length),
    [1, 11, 36],
  )
  assert.deepEqual(
    waves(fleet(2), [0.25, 1]).map((wave) => wave.length),
    [1, 1],
  )
  assert.deepEqual(
    waves(fleet(1), []).map((wave) => wave.length),
    [1],
  )
  assert.deepEqual(
    waves(fleet(10), [0.5]).map((wave) => wave.length),
    [1, 4, 5],
  )
  assert.deepEqual(waves(fleet(0), [1]), [])
  assert.deepEqual(
    waves(fleet(3), undefined).map((wave) => wave.length),
    [3],
  )
})

test("no server works on more shards at once than it may", async () => {
  const busy = new Map<string, number>()
  let most = 0
  await walkFleet(
    fleet(30, 3),
    async ({ url }) => {
      const server = new URL(url).hostname
      busy.set(server, (busy.get(server) ?? 0) + 1)
      most = Math.max(most, busy.get(server) ?? 0)
      await setImmediate()
      busy.set(server, (busy.get(server) ?? 0) - 1)
    },
    { waves: undefined, perServer: 2, signal },
  )
  assert.equal(most, 2)
})

test("a shard that fails stops the waves after its own; the others of its wave finish, and every failure is told", async () => {
  const done: string[] = []
  const work = async ({ name }: { name: string }) => {
    await setImmediate()
    if (name === "s2" || name === "s3") throw new Error(`${name} is ill`)
    done.push(name)
  }
  await assert.rejects(walkFleet(fleet(10), work, { waves: [0.5, 1], perServer: 4, signal }), (thrown: Error) => {
    assert.match(thrown.message, /shard s2: s2 is ill\nshard s3: s3 is ill/)
    return true
  })
  assert.deepEqual(done.sort(), ["s0", "s1", "s4"])
})
