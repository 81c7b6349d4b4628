import assert from "node:assert/strict"
import { test } from "node:test"
import { Agenda } from "./agenda.ts"
import { Clock } from "./clock.ts"

const start = new Date("2026-03-08T09:00:00Z")
const later = (ms: number) => new Date(start.getTime() + ms)

function standing(): { clock: Clock; agenda: Agenda; errors: unknown[] } {
  const clock = new Clock()
  clock.set(start)
  const errors: unknown[] = []
  return { clock, agenda: new Agenda(clock, (cause) => errors.push(cause)), errors }
}

test("jobs run by their time, and of one time by their order; what is not due waits", async () => {
  const { clock, agenda } = standing()
  const done: string[] = []
  const job = (name: string) => async () => void done.push(name)
  agenda.add(later(2000), "a", job("third"))
  agenda.add(start, "a", job("first"))
  agenda.add(start, "a", job("second"))
  assert.equal(await agenda.flush(), 2)
  assert.deepEqual(done, ["first", "second"])
  clock.advance(1999)
  assert.equal(await agenda.flush(), 0)
  clock.advance(1)
  assert.equal(await agenda.flush(), 1)
  assert.deepEqual(done, ["first", "second", "third"])
})

test("the jobs of one lane wait for each other, other lanes do not wait for them", async () => {
  const { agenda } = standing()
  const slow = Promise.withResolvers<void>()
  const other = Promise.withResolvers<void>()
  const done: string[] = []
  agenda.add(start, "slow", async () => {
    await slow.promise
    done.push("slow")
  })
  agenda.add(start, "slow", async () => void done.push("after slow"))
  agenda.add(start, "other", async () => {
    done.push("other")
    other.resolve()
  })
  const flushed = agenda.flush()
  await other.promise
  assert.deepEqual(done, ["other"])
  slow.resolve()
  await flushed
  assert.deepEqual(done, ["other", "slow", "after slow"])
})

test("a flush does also what became due by it, and a job that fails keeps nobody", async () => {
  const { agenda, errors } = standing()
  const done: string[] = []
  agenda.add(start, "a", async () => {
    agenda.add(start, "b", async () => void done.push("new"))
    throw new Error("broken")
  })
  agenda.add(start, "a", async () => void done.push("next"))
  assert.equal(await agenda.flush(), 3)
  assert.deepEqual(done.toSorted(), ["new", "next"])
  assert.match(String(errors[0]), /broken/)
})

test("while the clock stands nothing runs by itself, however long it takes; once it runs again, everything does", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] })
  const { clock, agenda } = standing()
  const ran = Promise.withResolvers<string>()
  agenda.add(start, "a", async () => ran.resolve("ran"))
  context.mock.timers.tick(3_600_000)
  assert.equal(agenda.waiting, 1)
  clock.release()
  agenda.wake()
  context.mock.timers.tick(1)
  assert.equal(agenda.waiting, 0)
  assert.equal(await ran.promise, "ran")
})

test("while the clock runs jobs run by themselves", async () => {
  const clock = new Clock()
  const agenda = new Agenda(clock, assert.ifError)
  const ran = Promise.withResolvers<string>()
  agenda.add(clock.now(), "a", async () => ran.resolve("ran"))
  assert.equal(await ran.promise, "ran")
  await agenda.close()
})

test("at the end what is under way is cut and nothing more starts", async () => {
  const { agenda, errors } = standing()
  const started = Promise.withResolvers<void>()
  agenda.add(start, "a", (signal) => {
    started.resolve()
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)))
  })
  agenda.add(start, "a", () => assert.fail("started after the end"))
  const flushed = agenda.flush()
  await started.promise
  await agenda.close()
  await flushed
  assert.deepEqual(errors.map(String), ["Error: the bank closes"])
})
