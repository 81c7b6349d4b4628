import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { ManualClock } from "../../kernel/time/clock.ts"
import type { Logger } from "../../kernel/logger.ts"
import type { ProcessIdentity } from "../../kernel/process/process-identity.ts"
import { pauseAfter, supervise } from "./supervisor.ts"

const logger = { info() {}, warn() {}, error() {} } as unknown as Logger

/** A machine on which a control plane lives as long as each time is said. */
function machine(lives: readonly number[], adopted?: ProcessIdentity) {
  const clock = new ManualClock()
  const stop = new AbortController()
  const starts: number[] = []
  const endsAt = new Map<number, number>(adopted === undefined ? [] : [[adopted.pid, 1_000]])
  const isAlive = ({ pid }: ProcessIdentity) => clock.now() < (endsAt.get(pid) ?? 0)
  const over = supervise({
    find: async () => (adopted !== undefined && isAlive(adopted) ? adopted : undefined),
    async start() {
      const life = lives[starts.length]
      starts.push(clock.now())
      if (life === undefined) return undefined
      const pid = 100 + starts.length
      endsAt.set(pid, clock.now() + life)
      return { pid, startTime: "then" }
    },
    isAlive,
    clock,
    logger,
    signal: stop.signal,
  })
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) await clock.advance(50)
  }
  return { starts, pass, end: () => (stop.abort(), over) }
}

test("one that runs is not started a second time; when it ends, another is begun within a second", async () => {
  const { starts, pass, end } = machine([1e9], { pid: 7, startTime: "before" })
  await pass(900)
  assert.deepEqual(starts, [])
  await pass(1_100)
  assert.equal(starts.length, 1)
  await pass(5_000)
  assert.equal(starts.length, 1)
  await end()
})

test("one that does not last, or cannot even be begun, is started more and more seldom, and never given up", async () => {
  const { starts, pass, end } = machine([])
  await pass(200_000)
  const pauses = starts.slice(1).map((at, i) => at - (starts[i] ?? 0))
  assert.ok(starts.length > 9 && starts.length < 20, `${starts.length} starts`)
  assert.deepEqual(
    pauses.toSorted((a, b) => a - b),
    pauses,
  )
  await end()
})

test("one that has lasted owes nothing to those before: the pause after it is the shortest", async () => {
  const { starts, pass, end } = machine([0, 0, 0, 0, 0, 0, 90_000, 1e9])
  await pass(110_000)
  assert.equal(starts.length, 8)
  assert.ok((starts[7] ?? 0) - (starts[6] ?? 0) - 90_000 < 1_000)
  await end()
})

test("a supervision that is ended starts nothing more", async () => {
  const { starts, pass, end } = machine([1e9])
  await pass(500)
  await end()
  await pass(100_000)
  assert.equal(starts.length, 1)
})

test("no pause is longer than half a minute, and none is shorter than the one before", () => {
  fc.assert(
    fc.property(fc.nat({ max: 2_000 }), (n) => pauseAfter(n) <= 30_000 && pauseAfter(n) >= 100 && pauseAfter(n + 1) >= pauseAfter(n)),
  )
})
