import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { minutes } from "../../kernel/time/duration.ts"
import type { ExecOptions } from "../../runtime/runtime.ts"
import type { Ports } from "../ports.ts"
import { Rehearsal } from "../rehearsal.ts"
import { JobBook } from "./job-book.ts"
import { Jobs } from "./jobs.ts"

const signal = new AbortController().signal
const policy = "bake: { for: 1s, at_least: 0 }, notice: 1s, stop_grace: 1s, start_within: 2s"

interface Scene {
  stage: Rehearsal
  book: JobBook
  /** Another life of the control plane on the same book. */
  jobs: (fence?: number) => Promise<Jobs>
  edge: { isHeard: boolean }
  /** Commands that were begun, with how each is ended. */
  begun: { command: string; version: string; end: (exitCode: number) => void }[]
}

/** v1 is current; commands go on until they are ended. */
async function scene(more: string, body: (scene: Scene) => Promise<void>, schedule = "* * * * *"): Promise<void> {
  const stage = new Rehearsal(policy, `, jobs: { tidy: { schedule: "${schedule}", command: tidy${more} } }`)
  const folder = mkdtempSync(join(tmpdir(), "conveyor-jobs-"))
  const book = new JobBook(join(folder, "jobs.db"))
  const begun: Scene["begun"] = []
  const run: Ports["runtime"]["run"] = ({ version }, { command, signal: own }: ExecOptions) =>
    new Promise((resolve, reject) => {
      own.addEventListener("abort", () => reject(own.reason as Error))
      begun.push({ command, version, end: resolve })
    })
  const edge = { isHeard: true }
  const jobs = async (fence?: number) => {
    const ports = await stage.ports()
    const observe: Ports["routing"]["observe"] = async (own) => {
      const seen = await ports.routing.observe(own)
      return edge.isHeard ? seen : { ...seen, members: [{ member: "edge", state: "silent", reason: "no answer" }] }
    }
    // Methods of a class are not spread.
    const routing = Object.assign(Object.create(ports.routing) as Ports["routing"], { observe })
    return new Jobs({ ...ports, routing, runtime: { ...ports.runtime, run }, fence: fence ?? ports.fence }, book)
  }
  try {
    await stage.carryOut(await stage.ask("release", "a"))
    await body({ stage, book, jobs, begun, edge })
  } finally {
    book.close()
    await stage.end()
    rmSync(folder, { recursive: true })
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test("a job is begun once each time that it is due, by the current version, and what became of it is told", () =>
  scene("", async ({ stage, jobs, begun }) => {
    const own = await jobs()
    await own.round(signal)
    assert.equal(begun.length, 0, "it begins with the first time that comes")
    await stage.clock.sleep(minutes(1))
    for (let i = 0; i < 3; i++) await own.round(signal)
    await settled()
    assert.deepEqual(
      begun.map(({ command, version }) => [command, version]),
      [["tidy", "v1"]],
    )
    begun[0]?.end(0)
    await settled()
    await stage.carryOut(await stage.ask("release", "b"))
    await stage.clock.sleep(minutes(1))
    await own.round(signal)
    await settled()
    assert.equal(begun[1]?.version, "v2")
    begun[1]?.end(3)
    await settled()
    const [report] = await own.report(10, signal)
    assert.deepEqual(
      report?.runs.map(({ state, exitCode, version }) => [state, exitCode, version]),
      [
        ["failed", 3, "v2"],
        ["done", 0, "v1"],
      ],
    )
    assert.ok((report?.next ?? 0) > stage.clock.now())
  }))

test("of two that claim the same time one has it, whatever each has seen before", () =>
  scene("", async ({ book }) => {
    const claim = { job: "tidy", dueAt: 1, state: "running", fence: 1, version: "v1", at: 2 } as const
    assert.deepEqual([book.claim(claim)?.dueAt, book.claim({ ...claim, fence: 2 })?.dueAt], [1, undefined])
  }))

test("two that decide at once begin a job once", () =>
  scene("", async ({ stage, jobs, begun }) => {
    const [one, other] = [await jobs(), await jobs()]
    await one.round(signal)
    await stage.clock.sleep(minutes(1))
    await Promise.all([one.round(signal), other.round(signal)])
    await settled()
    assert.equal(begun.length, 1)
  }))

for (const [overlap, during, after] of [
  ["skip", ["running", "skipped", "skipped"], ["done", "skipped", "skipped"]],
  ["queue", ["running", "queued", "skipped"], ["done", "running", "skipped"]],
  ["allow", ["running", "running", "running"], ["done", "running", "running"]],
] as const) {
  test(`while a run goes on the next ones are taken as the rule says: ${overlap}`, () =>
    scene(`, overlap: ${overlap}`, async ({ stage, book, jobs, begun }) => {
      const own = await jobs()
      await own.round(signal)
      for (let i = 0; i < 3; i++) {
        await stage.clock.sleep(minutes(1))
        await own.round(signal)
      }
      await settled()
      const states = () =>
        book
          .newest("tidy", 10)
          .map(({ state }) => state)
          .toReversed()
      assert.deepEqual(states(), during)
      begun[0]?.end(0)
      await settled()
      await own.round(signal)
      assert.deepEqual(states(), after)
    }))
}

for (const [missed, expected] of [
  ["skip", ["skipped"]],
  ["run_once", ["running"]],
] as const) {
  test(`what was due while nobody was there is taken as the rule says, once: ${missed}`, () =>
    scene(
      `, missed: ${missed}`,
      async ({ stage, book, jobs }) => {
        await (await jobs()).round(signal)
        await stage.clock.sleep(minutes(60 * 24 * 2) + untilHalfPast(stage.clock.now()))
        for (let i = 0; i < 3; i++) await (await jobs()).round(signal)
        const states = book.newest("tidy", 10).map(({ state }) => state)
        assert.deepEqual(states, expected)
      },
      "0 * * * *",
    ))
}

/** Of the hour: its beginning is long past. */
const untilHalfPast = (now: number) => minutes(90) - (now % minutes(60))

test("what ran when the control plane died is told as interrupted, and is not run again", () =>
  scene("", async ({ stage, book, jobs, begun }) => {
    const dying = await jobs(1)
    await dying.round(signal)
    await stage.clock.sleep(minutes(1))
    await dying.round(signal)
    await settled()
    const stopped = new AbortController()
    const next = await jobs(2)
    const working = next.work(stopped.signal)
    await settled()
    assert.deepEqual(
      book
        .newest("tidy", 10)
        .map(({ state }) => state)
        .at(-1),
      "interrupted",
    )
    stopped.abort(new Error("stopped"))
    await working
    assert.equal(
      begun.filter(({ command }) => command === "tidy").length,
      new Set(
        book
          .newest("tidy", 100)
          .filter(({ state }) => state !== "skipped")
          .map(({ id }) => id),
      ).size,
    )
  }))

test("while it is not known which version is current nothing is begun, and nothing is taken for missed", () =>
  scene("", async ({ stage, book, jobs, begun, edge }) => {
    const own = await jobs()
    await own.round(signal)
    await stage.clock.sleep(minutes(1))
    edge.isHeard = false
    await stage.clock.sleep(minutes(10))
    await own.round(signal)
    assert.deepEqual([begun.length, book.newest("tidy", 10).length], [0, 0])
    edge.isHeard = true
    await own.round(signal)
    await settled()
    assert.deepEqual([begun.length, book.newest("tidy", 10).length], [1, 1])
  }))
