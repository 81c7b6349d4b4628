import assert from "node:assert/strict"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { test } from "node:test"
import { runChild } from "./child.ts"

const main = resolve(import.meta.dirname, "main.ts")

test("with two busy loops for each core beside it, the demo keeps every promise about requests and writes", async () => {
  const report = await mkdtemp(join(tmpdir(), "conveyor-beside-load-"))
  try {
    const argv = ["--disable-warning=ExperimentalWarning", main, "--rows", "20000", "--beside-load", "4", "--report", report]
    const { code, tail } = await runChild(process.execPath, argv, {})
    assert.equal(code, 0, tail.join("\n"))
    const { requests, writes } = JSON.parse(await readFile(join(report, "report.json"), "utf8")) as {
      requests: { total: number; failed: number }
      writes: { acknowledged: number; found: number }
    }
    assert.ok(requests.total > 1_000 && writes.acknowledged > 100)
    assert.deepEqual([requests.failed, writes.acknowledged - writes.found], [0, 0])
  } finally {
    await rm(report, { recursive: true, force: true })
  }
})
