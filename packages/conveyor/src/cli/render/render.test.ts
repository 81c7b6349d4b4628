import assert from "node:assert/strict"
import { test } from "node:test"
import { stripVTControlCharacters } from "node:util"
import type { ShardStatus } from "../../change/engine.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Event } from "../../server/protocol/events.ts"
import type { RunReport, StepReport } from "../../server/protocol/runs.ts"
import type { JournalEventName } from "../../store/records.ts"
import { failure } from "./failure.ts"
import { bar, columns } from "./paint.ts"
import { createRunView, shardLines } from "./run-view.ts"

const plain = (lines: readonly string[]) => lines.map(stripVTControlCharacters)

test("a bar is as wide as it was asked to be, whatever its share", () => {
  assert.deepEqual(
    [bar(0, 4), bar(0.5, 4), bar(0.3, 4), bar(1, 4), bar(7, 4), bar(-1, 4)],
    ["    ", "██  ", "█▏  ", "████", "████", "    "],
  )
  for (let share = 0; share <= 1; share += 0.01) assert.equal(bar(share, 24).length, 24)
})

test("columns are as wide as their widest cell, colours not counted", () => {
  assert.deepEqual(
    plain(
      columns([
        ["a", "bbb", "c"],
        ["\u001B[31maaa\u001B[39m", "b", ""],
      ]),
    ),
    ["a    bbb  c", "aaa  b"],
  )
  assert.deepEqual(columns([]), [])
})

test("an error says what happened, then what to do", () => {
  const error = new ConveyorError("not-up", "no control plane runs", { hint: "conveyor up" })
  assert.equal(stripVTControlCharacters(failure(error)), "✖ no control plane runs\n→ conveyor up\n")
  assert.equal(stripVTControlCharacters(failure(new ConveyorError("unexpected", "it broke"))), "✖ it broke\n")
})

const shard = (changes: Partial<ShardStatus>): ShardStatus & { change: string } => ({
  change: "0001-kopecks",
  shard: "shop-1",
  phase: "backfilling",
  rowsDone: 500,
  rowsTotal: 1_000,
  rowsPerSecond: 1_234.5,
  etaMs: 75_000,
  pausedFor: undefined,
  batchRows: 100,
  error: undefined,
  ...changes,
})

test("a shard's line tells how far it is, how fast, how long still, and why it waits", () => {
  const lines = shardLines([
    shard({}),
    shard({ shard: "shop-2", pausedFor: "replica lag 12 s" }),
    shard({ shard: "shop-3", phase: "verified", rowsDone: 0, rowsTotal: 0, rowsPerSecond: 0, etaMs: undefined }),
    shard({ shard: "shop-4", phase: "expanding", rowsDone: 0, rowsTotal: 0, rowsPerSecond: 0, etaMs: undefined, error: "unreachable" }),
  ])
  assert.deepEqual(plain(lines), [
    "    shop-1  ████████████              50%   backfilling  1,235 rows/s  1 m 15 s left",
    "    shop-2  ████████████              50%   backfilling  1,235 rows/s  1 m 15 s left  waits: replica lag 12 s",
    "    shop-3  ████████████████████████  100%  verified",
    "    shop-4                            0%    expanding                                 unreachable",
  ])
})

const report = (changes: Partial<RunReport>, steps: StepReport[] = []): RunReport => ({
  id: 3,
  kind: "release",
  version: "v3",
  commit: "0123456789abcdef",
  change: undefined,
  requestedAt: 0,
  state: "running",
  reason: undefined,
  endedAt: undefined,
  steps,
  requests: [],
  ahead: [],
  ...changes,
})

function journal(step: string, event: JournalEventName, at: number, facts: Record<string, unknown> = {}): Event {
  return { type: "journal", id: `1-${at}`, at, event: { seq: at, release: 3, step, event, at, fence: 1, facts } }
}

/** What stands in a log, or on the far side of a push. */
function logOf(show: (view: ReturnType<typeof createRunView>) => void): string[] {
  const lines: string[] = []
  show(createRunView({ write: (text: string) => lines.push(stripVTControlCharacters(text).trimEnd()) }))
  return lines
}

test("in a log, a good release is a line for each step and one at the end", () => {
  const lines = logOf((view) => {
    view.begin(report({}))
    for (const [i, step] of ["build", "switch"].entries()) {
      view.show(journal(step, "started", i * 2_000))
      view.show(journal(step, "succeeded", i * 2_000 + 1_500))
    }
    view.end(report({ state: "promoted" }))
  })
  assert.deepEqual(lines, ["release v3 01234567", "  ✔ build 1.5 s", "  ✔ switch 1.5 s", "✔ v3 serves all new pages"])
})

test("in a log, a failure stands once in full with what to do, and the end has its first line", () => {
  const message = "`npm test` ended with code 1:\nthe roses wilt"
  const lines = logOf((view) => {
    view.begin(report({}))
    view.show(journal("test", "started", 0))
    view.show(journal("test", "failed", 800, { message, hint: "Mend it, and push again." }))
    view.show(journal("test", "undo_started", 800))
    view.show(journal("test", "undo_finished", 800))
    view.end(report({ state: "failed", reason: `test: ${message}` }))
  })
  assert.deepEqual(lines, [
    "release v3 01234567",
    "  ✖ test 800 ms: `npm test` ended with code 1:\nthe roses wilt",
    "    → Mend it, and push again.",
    "✖ failed\n  test: `npm test` ended with code 1:",
  ])
})

test("in a log, progress is told now and then, and not with every event", () => {
  const lines = logOf((view) => {
    for (let at = 10_000; at < 15_000; at += 100) {
      view.show({ type: "progress", id: `1-${at}`, run: 3, step: "backfill", message: `at ${at}`, at })
    }
  })
  assert.deepEqual(lines, ["    backfill: at 10000", "    backfill: at 12000", "    backfill: at 14000"])
})

test("a view that comes when all is over still says whose end it was", () => {
  assert.deepEqual(
    logOf((view) => view.end(report({ kind: "rollback", version: "v1", state: "promoted" }))),
    ["roll back to v1 01234567", "✔ v1 serves again"],
  )
  assert.deepEqual(
    logOf((view) => view.end(report({ kind: "contract", change: "0001-kopecks", state: "refused", reason: "v1 is warm" }))),
    ["contract on v3 01234567 0001-kopecks", "✖ refused\n  v1 is warm"],
  )
})
