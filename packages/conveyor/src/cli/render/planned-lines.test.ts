import assert from "node:assert/strict"
import { test } from "node:test"
import { stripVTControlCharacters } from "node:util"
import type { PlannedStatement } from "../../change/engine.ts"
import { plannedLines } from "./planned-lines.ts"

const statement = (shard: string, sql: string, more: Partial<PlannedStatement> = {}): PlannedStatement => ({
  shard,
  phase: "expand",
  sql,
  lock: "ACCESS EXCLUSIVE",
  estimatedMs: 10,
  estimatedBytes: 0,
  ...more,
})

const shown = (statements: readonly PlannedStatement[]) => [...plannedLines(statements)].map(stripVTControlCharacters)

test("shards that get the same statements are shown once, with the time and disk of the largest; one that differs stands alone", () => {
  const batch = (shard: string, pages: number, ms: number) =>
    statement(shard, `UPDATE t WHERE ctid < '(${pages},0)'`, { phase: "backfill", estimatedMs: ms, estimatedBytes: ms })
  const lines = shown([
    statement("s1", "ALTER a"),
    batch("s1", 7, 1_000),
    statement("s2", "ALTER b"),
    statement("s3", "ALTER a"),
    batch("s3", 900, 60_000),
  ])
  assert.deepEqual(
    lines.filter((line) => !line.startsWith(" ")),
    ["s1, s3", "s2"],
  )
  assert.match(lines[3] ?? "", /backfill {2}lock ACCESS EXCLUSIVE {2}about 1 m {2}60 kB of disk/)
  assert.equal(lines.filter((line) => line.includes("ALTER a")).length, 1)
})

test("a plan of nothing says so", () => {
  assert.deepEqual(shown([]), ["nothing is left to do on any shard"])
})
