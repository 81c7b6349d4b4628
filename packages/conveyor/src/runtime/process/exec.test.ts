import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { isGroupAlive, isAlive, identify } from "../../kernel/process/process-identity.ts"
import { until } from "../../kernel/time/until.ts"
import { systemClock } from "../../kernel/time/clock.ts"
import type { OutputChunk } from "../runtime.ts"
import { execIn } from "./exec.ts"

const folder = mkdtempSync(join(tmpdir(), "conveyor-exec-"))
after(() => rmSync(folder, { recursive: true }))
const signal = new AbortController().signal
const environment = { PATH: process.env["PATH"], HOME: process.env["HOME"] }
const gone = (pid: number) =>
  until(async () => (isGroupAlive(pid) ? { notYet: "it lives" } : { done: true }), {
    what: `the group of ${pid} is gone`,
    everyMs: 20,
    withinMs: 30_000,
    clock: systemClock,
    signal,
  })

test("what a command says comes apart by stream, and its exit code is told", async () => {
  const said = { out: "", err: "" }
  const onOutput = ({ stream, text }: OutputChunk) => (said[stream] += text)
  assert.equal(await execIn(folder, { command: "printf один; printf two >&2; exit 9", environment, onOutput, signal }), 9)
  assert.deepEqual(said, { out: "один", err: "two" })
})

test("a command that prints without end is held back by a slow reader, and ends when nobody wants it any more", async () => {
  const enough = new AbortController()
  let characters = 0
  const onOutput = async ({ text }: OutputChunk) => {
    characters += text.length
    await sleep(5)
    if (characters > 500_000) enough.abort(new Error("enough"))
  }
  await assert.rejects(execIn(folder, { command: "echo $$ > pid; yes", environment, onOutput, signal: enough.signal }), {
    message: "enough",
  })
  await gone(Number(readFileSync(join(folder, "pid"), "utf8")))
})

test("nothing that a command began is left when it has ended", async () => {
  assert.equal(await execIn(folder, { command: "echo $$ > pid; sleep 600 & exit 0", environment, onOutput: () => {}, signal }), 0)
  await gone(Number(readFileSync(join(folder, "pid"), "utf8")))
})

test("a command ends when whoever started it is killed", async () => {
  const program = `import { execIn } from ${JSON.stringify(join(import.meta.dirname, "exec.ts"))}
    await execIn(${JSON.stringify(folder)}, { command: "echo $$ > pid; echo begun; sleep 600", environment: process.env, onOutput: ({ text }) => console.log(text), signal: new AbortController().signal })`
  const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program]
  const starter = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] })
  try {
    await once(starter.stdout, "data")
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"))
    const identity = identify(pid)
    assert.ok(identity !== undefined && isAlive(identity))
    starter.kill("SIGKILL")
    await gone(pid)
  } finally {
    starter.kill("SIGKILL")
  }
})
