import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { openSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"

const main = join(import.meta.dirname, "main.ts")

/** Runs a shell line in which $CONVEYOR is the command; gives what came out and what was complained. */
async function shell(line: string, stdout: "pipe" | number = "pipe"): Promise<{ code: number | null; out: string; error: string }> {
  const command = `'${process.execPath}' --disable-warning=ExperimentalWarning '${main}'`
  const child = spawn("bash", ["-c", line.replaceAll("CONVEYOR", command)], { stdio: ["ignore", stdout, "pipe"] })
  let [out, error] = ["", ""]
  child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()))
  child.stderr?.on("data", (chunk: Buffer) => (error += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve))
  return { code, out, error }
}

test("whoever reads only the first line, or nothing, is no mistake: no word of it, and the command's own exit code", async () => {
  const first = await shell('CONVEYOR init --print | head -1; exit "${PIPESTATUS[0]}"')
  assert.deepEqual([first.code, first.error], [0, ""])
  assert.match(first.out, /^# Everything that conveyor\.yml can say/)
  const none = await shell('CONVEYOR init --print | (exec <&-; sleep 1); exit "${PIPESTATUS[0]}"')
  assert.deepEqual(none, { code: 0, out: "", error: "" })
  const failing = await shell('CONVEYOR --state /nowhere status 2>&1 | (exec <&-; sleep 1); exit "${PIPESTATUS[0]}"')
  assert.equal(failing.code, 3)
})

test("output that goes nowhere because its disk is full is told, and is no success", async () => {
  const { code, error } = await shell("CONVEYOR init --print", openSync("/dev/full", "w"))
  assert.equal(code, 3)
  assert.match(error, /what was to be shown cannot be written: .*no space/i)
  assert.doesNotMatch(error, /\n\s+at /)
})

test("with --json, what was asked wrongly is a document like any other error", async () => {
  const { code, out } = await shell("CONVEYOR --json relase 2>/dev/null")
  assert.equal(code, 2)
  const { error } = JSON.parse(out) as { error: { code: string; message: string; hint: string } }
  assert.equal(error.code, "bad-options")
  assert.match(error.message, /unknown command 'relase'/)
})
