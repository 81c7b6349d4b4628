import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import type { ChildProcessByStdio } from "node:child_process"
import { once } from "node:events"
import type { Readable } from "node:stream"
import { test } from "node:test"
import { systemClock } from "../time/clock.ts"
import { seconds } from "../time/duration.ts"
import { identify, isAlive, isGroupAlive, signalGroup, signalProcess } from "./process-identity.ts"
import { until } from "../time/until.ts"

type Shell = ChildProcessByStdio<null, Readable, null>

/** A shell in a group of its own; gone, with its whole group, when `body` ends. */
async function withShell(script: string, body: (shell: Shell, leader: number) => Promise<void>): Promise<void> {
  const shell = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "inherit"] })
  const leader = shell.pid ?? 0
  assert.ok(leader > 0)
  try {
    await body(shell, leader)
  } finally {
    signalGroup(leader, "SIGKILL")
    await eventually("the group is gone", () => !isGroupAlive(leader))
  }
}

const firstLine = async (shell: Shell) => String((await once(shell.stdout, "data"))[0]).trim()

const eventually = (what: string, isSo: () => boolean) =>
  until(() => (isSo() ? { done: true } : { notYet: "not so" }), {
    what,
    everyMs: 5,
    withinMs: seconds(20),
    clock: systemClock,
    signal: new AbortController().signal,
  })

test("a living process has an identity, always the same, and none once it is gone", async () => {
  await withShell("exec sleep 60", async (shell, pid) => {
    const identity = identify(pid)
    assert.ok(identity !== undefined)
    assert.deepEqual(identify(pid), identity)
    assert.equal(isAlive(identity), true)

    const gone = once(shell, "exit")
    assert.equal(signalProcess(identity, "SIGTERM"), "sent")
    await gone
    assert.equal(isAlive(identity), false)
    assert.equal(identify(pid), undefined)
    assert.equal(signalProcess(identity, "SIGTERM"), "gone")
  })
})

test("a later process with the same pid is another one, and gets no signal that was meant for the first", async () => {
  await withShell("exec sleep 60", async (_shell, pid) => {
    const earlier = { pid, startTime: "1" }
    assert.equal(isAlive(earlier), false)
    assert.equal(signalProcess(earlier, "SIGKILL"), "gone")
    assert.notEqual(identify(pid), undefined)
  })
})

test("a command name with spaces and parentheses hides nothing", async () => {
  const renamed = spawn(process.execPath, ["-e", "process.title = 'a) Z 1 ('; console.log('ready'); setInterval(() => {}, 1000)"], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const gone = once(renamed, "exit")
  try {
    await once(renamed.stdout, "data")
    assert.notEqual(identify(renamed.pid ?? 0), undefined)
  } finally {
    renamed.kill("SIGKILL")
    await gone
  }
})

test("a zombie counts as gone", async () => {
  // The shell becomes a program that never reaps the child it has.
  await withShell("sleep 0 & echo $!; exec sleep 60", async (shell) => {
    const pid = Number(await firstLine(shell))
    await eventually("the child is a zombie", () => identify(pid) === undefined)
    assert.doesNotThrow(() => process.kill(pid, 0), "it is still in the process table")
  })
})

test("a group lives while any process of it does, its leader or not", async () => {
  await withShell("sleep 60 & exit 0", async (shell, leader) => {
    if (shell.exitCode === null) await once(shell, "exit")
    assert.equal(identify(leader), undefined)
    assert.equal(isGroupAlive(leader), true)
    signalGroup(leader, "SIGKILL")
    await eventually("the last of the group has gone", () => !isGroupAlive(leader))
  })
})

test("a group that nobody is in takes a signal without complaint", () => {
  const nobody = 2 ** 22 + 1
  assert.equal(isGroupAlive(nobody), false)
  assert.doesNotThrow(() => signalGroup(nobody, "SIGTERM"))
})
