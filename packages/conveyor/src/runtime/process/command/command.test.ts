import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { systemClock } from "../../../kernel/time/clock.ts"
import { minutes } from "../../../kernel/time/duration.ts"
import { ConveyorError } from "../../../kernel/errors/errors.ts"
import { identify } from "../../../kernel/process/process-identity.ts"
import type { CommandRun } from "../../builder.ts"
import { Cages } from "../cage/cage.ts"
import { Cgroups } from "../cage/cgroups.ts"
import { runCommand } from "./command.ts"

const folder = mkdtempSync(join(tmpdir(), "conveyor-command-"))
after(() => rmSync(folder, { recursive: true }))

let count = 0

interface Ran {
  lines: string[]
  thrown: unknown
  logFile: string
}

async function run(command: string, { cages = new Cages(folder), ...more }: Partial<CommandRun> & { cages?: Cages } = {}): Promise<Ran> {
  const lines: string[] = []
  const [cage, logFile] = [`run-${count++}`, join(folder, `${count}.log`)]
  const wanted = {
    command,
    environment: {},
    withinMs: minutes(5),
    signal: new AbortController().signal,
    onLine: (line: string) => lines.push(line),
    ...more,
  }
  const thrown = await runCommand(wanted, { directory: folder, cages, cage, logFile, clock: systemClock }).catch((error: unknown) => error)
  return { lines, thrown, logFile }
}

/** A command that leaves the pid of what it leaves behind in a file. */
const leaves = (how: string, file: string) => `${how} & echo up; while [ ! -s ${file} ]; do sleep 0.01; done`
const isGone = (file: string) => identify(Number(readFileSync(file, "utf8"))) === undefined

const unmarked = "in a session of its own, without an environment"
const prefixes = {
  "in the background": "",
  "with its output open": "",
  "in a session of its own": "setsid",
  [unmarked]: "env -i PATH=$PATH setsid",
}
const noGroups = new Cages(folder, new Cgroups(folder, { unified: undefined, controllers: {} }))

for (const [how, cages] of Object.entries({ "with control groups": new Cages(folder), "without control groups": noGroups })) {
  for (const [kind, prefix] of Object.entries(prefixes)) {
    test(`${how}, a process that a command leaves behind ${kind} ends with the command`, notRun(how, kind), async () => {
      const file = join(folder, `left-${count}`)
      const output = kind === "with its output open" ? "" : ">/dev/null 2>&1"
      const { lines, thrown } = await run(leaves(`${prefix} sh -c 'echo $$ > ${file}; exec sleep 1000' ${output}`, file), { cages })
      assert.equal(thrown, undefined)
      assert.equal(isGone(file), true)
      assert.deepEqual(lines.slice(0, 1), ["up"])
      assert.match(lines.at(-1) ?? "", /left behind were ended/)
    })
  }
}

function notRun(how: string, kind: string): { skip?: string } {
  if (how === "without control groups")
    return kind === unmarked ? { skip: "NOT HELD: without a control group only the marker finds it" } : {}
  const probe = new Cgroups(folder)
  const { procsFiles } = probe.make("probe", {}, "normal")
  probe.remove("probe")
  return procsFiles.length > 0 ? {} : { skip: "NOT RUN: no control group can be made here" }
}

test("a command that takes too long is ended, with all that it has begun, and the error says where that is set", async () => {
  const file = join(folder, "late")
  const { thrown } = await run(`trap '' TERM; setsid sh -c 'echo $$ > ${file}; exec sleep 1000' & echo waiting; sleep 1000`, {
    withinMs: 500,
  })
  assert.ok(thrown instanceof ConveyorError)
  assert.equal(thrown.code, "command-timed-out")
  assert.match(thrown.message, /waiting/)
  assert.match(thrown.hint ?? "", /timeouts/)
  assert.equal(isGone(file), true)
})

test("a command that is not wanted any more is ended, also while it stands still", async () => {
  const stop = new AbortController()
  const { thrown } = await run("echo up; kill -STOP $$; sleep 1000", {
    signal: stop.signal,
    onLine: () => stop.abort(new Error("not wanted")),
  })
  assert.match(String(thrown), /not wanted/)
})

test("what a command prints takes bounded memory: 100 MB of lines, and a line of 200 MB", async () => {
  const before = process.memoryUsage().rss
  let most = before
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20)
  const many = await run(
    "yes 'a line as long as builds print them, which is about eighty characters, all in all' | head -c 100000000; exit 1",
  )
  const one = await run("head -c 200000000 /dev/zero | tr '\\0' x; exit 1")
  clearInterval(watch)
  assert.ok(most - before < 150_000_000, `it took ${Math.round((most - before) / 1e6)} MB`)

  for (const { thrown, logFile, lines } of [many, one]) {
    assert.ok(thrown instanceof ConveyorError)
    assert.equal(thrown.code, "command-failed")
    assert.ok(thrown.message.length < 20_000, `the error is ${thrown.message.length} characters`)
    assert.ok(lines.join("\n").length < 2_000_000, "those who watch get what a person can follow")
    const kept = [logFile, `${logFile}.1`].filter((file) => existsSync(file)).map((file) => statSync(file).size)
    assert.ok(Math.max(...kept) < 17 * 1024 * 1024, `files of ${kept.join(" and ")} bytes`)
  }
  assert.match(many.lines.at(-1) ?? "", /lines not shown/)
  assert.match(one.lines.at(-1) ?? "", /bytes more in this line/)
})

test("the whole output of a command is in its file", async () => {
  const { logFile } = await run("for n in 1 2 3; do echo line $n; done; printf end >&2")
  assert.deepEqual(readFileSync(logFile, "utf8").split("\n").toSorted(), ["end", "line 1", "line 2", "line 3"])
})

test("what somebody who was killed has left running is found by whoever opens the same cages, and nobody else's is", async () => {
  const [file, foreign] = [join(folder, "orphan"), spawn("sleep", ["1000"], { detached: true, stdio: "ignore" })]
  const owner = join(folder, "owner")
  const { script, environment } = new Cages(owner).open("killed", { limits: {}, priority: "low" })
  const environmentOfStarter = { PATH: process.env["PATH"], ...environment }
  const starter = spawn("sh", ["-c", script, `setsid sh -c 'echo $$ > ${file}; exec sleep 1000' & wait`], {
    detached: true,
    stdio: "ignore",
    env: environmentOfStarter,
  })
  while (!existsSync(file) || readFileSync(file, "utf8") === "") await systemClock.sleep(5)
  starter.kill("SIGKILL")

  assert.ok((await new Cages(owner).clearAll(systemClock)) >= 1)
  assert.equal(isGone(file), true)
  assert.notEqual(identify(foreign.pid ?? 0), undefined)
  foreign.kill("SIGKILL")
  assert.equal(await new Cages(owner).clearAll(systemClock), 0)
})

test("a command gives way to what serves users", async () => {
  const { lines } = await run("ps -o ni= -p $$; ionice -p $$ 2>/dev/null || echo idle")
  assert.deepEqual(
    lines.map((line) => line.trim()),
    ["10", "idle"],
  )
})
