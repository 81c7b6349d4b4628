import assert from "node:assert/strict"
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { LogSink } from "./log-sink.ts"

const folder = mkdtempSync(join(tmpdir(), "conveyor-log-"))
after(() => rmSync(folder, { recursive: true }))

test("a full disk does not reach whoever logs", () => {
  const sink = new LogSink("/dev/full")
  sink.write("a line\n")
  sink.write("another\n")
  sink.close()
})

test("lines that could not be written are counted and said when writing works again", () => {
  const file = join(folder, "blocked.log")
  // A folder stands where the file would be, as it is when no inode or handle is left: opening it fails.
  mkdirSync(file)
  const sink = new LogSink(file)
  for (const line of ["one\n", "two\n", "three\n"]) sink.write(line)
  rmSync(file, { recursive: true })
  sink.write("four\n")
  sink.close()
  const [, lost, four] = readFileSync(file, "utf8").split("\n")
  assert.equal((JSON.parse(lost ?? "") as { lost: number }).lost, 3)
  assert.equal(four, "four")
})

test("a log that grows takes at most twice its size, and keeps its newest lines", () => {
  const file = join(folder, "busy.log")
  const sink = new LogSink(file, 1_000)
  for (let n = 0; n < 500; n++) sink.write(`line ${n}\n`)
  sink.close()
  const [old, now] = [readFileSync(`${file}.1`, "utf8"), readFileSync(file, "utf8")]
  assert.ok(old.length <= 1_020 && now.length <= 1_020, `${old.length} and ${now.length}`)
  assert.ok(`${old}${now}`.endsWith("line 498\nline 499\n"))
})
