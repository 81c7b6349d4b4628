import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { test } from "node:test"
import { systemClock } from "../../kernel/time/clock.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { until } from "../../kernel/time/until.ts"
import type { Store } from "../store.ts"
import { openSqliteStore } from "./open.ts"

const signal = AbortSignal.timeout(120_000)
const writer = join(import.meta.dirname, "testing-writer.ts")

interface Writer {
  kill: (name: NodeJS.Signals) => void
  send: (word: string) => void
  /** The next line that it says. */
  says: () => Promise<unknown>
}

/** Another process holds the lease, for so long. */
async function besideWriter(forMs: number, body: (writer: Writer, store: Store) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "conveyor-lease-"))
  const file = join(folder, "state.db")
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", writer, file, String(forMs)], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const gone = once(child, "exit")
  const says = async () => (await lines.next()).value as unknown
  try {
    assert.equal(await says(), "ready")
    const store = openSqliteStore(file, { clock: systemClock, whyIllegal: () => undefined })
    try {
      await body({ kill: (name) => child.kill(name), send: (word) => child.stdin.write(`${word}\n`), says }, store)
    } finally {
      await store.close()
    }
  } finally {
    child.kill("SIGKILL")
    await gone
    rmSync(folder, { recursive: true })
  }
}

const isHeld = (thrown: unknown) => thrown instanceof ConveyorError && thrown.code === "lease-held"

function takeOver(store: Store): Promise<number> {
  const take = async () => {
    try {
      return { done: await store.lease.acquire(600_000) }
    } catch (thrown) {
      if (!isHeld(thrown)) throw thrown
      return { notYet: String(thrown) }
    }
  }
  return until(take, { what: "the lease is free", everyMs: 50, withinMs: 100_000, clock: systemClock, signal })
}

const words = async (store: Store) => (await store.journal.of(1)).map(({ step }) => step)

test("a process that was stopped past its lease, and comes back after another took it, writes not one more line", () =>
  besideWriter(500, async (writer, store) => {
    writer.send("before")
    assert.equal(await writer.says(), "wrote before")
    writer.kill("SIGSTOP")
    writer.send("after")
    const fence = await takeOver(store)
    await store.journal.record(1, "ours", "started")
    writer.kill("SIGCONT")
    assert.equal(await writer.says(), "ended: lease-lost")
    assert.deepEqual([fence, await words(store)], [2, ["before", "ours"]])
  }))

test("(control) a process that was stopped within its lease keeps it, and writes on", () =>
  besideWriter(600_000, async (writer, store) => {
    writer.kill("SIGSTOP")
    await assert.rejects(store.lease.acquire(600_000), isHeld)
    writer.send("after")
    writer.kill("SIGCONT")
    assert.equal(await writer.says(), "wrote after")
  }))

test("a process that was killed is followed at once, whatever is left of its lease", () =>
  besideWriter(600_000, async (writer, store) => {
    writer.kill("SIGKILL")
    assert.equal(await takeOver(store), 2)
  }))
