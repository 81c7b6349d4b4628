import assert from "node:assert/strict"
import { test } from "node:test"
import { systemClock } from "../../kernel/time/clock.ts"
import type { HealthCheck } from "../../kernel/health-check.ts"
import type { Copy } from "../../runtime/runtime.ts"
import type { Ports } from "../ports.ts"
import { Rehearsal } from "../rehearsal.ts"
import { askCopy } from "./ask-copy.ts"

const signal = new AbortController().signal
const pace = { timeoutMs: 50, intervalMs: 4_000, failures: 3 }

async function withCopy(body: (ports: Ports, copy: Copy, stage: Rehearsal) => Promise<void>): Promise<void> {
  const stage = new Rehearsal()
  try {
    await stage.carryOut(await stage.ask("release", "a"))
    const [copy] = stage.runtime.copies()
    assert.ok(copy)
    await body(await stage.ports(), copy, stage)
  } finally {
    await stage.end()
  }
}

test("a copy that a command looks after is well when the command ends with 0, and what it says otherwise is told", () =>
  withCopy(async (ports, copy) => {
    const ask = (command: string) => askCopy(ports, copy, { kind: "command", command, ...pace }, signal)
    assert.deepEqual(await ask("echo fine; exit 0"), { exitCode: 0 })
    await assert.rejects(ask("echo the queue is gone; exit 7"), {
      code: "unhealthy",
      message: "`echo the queue is gone; exit 7` ended with exit code 7: the queue is gone",
    })
  }))

test("a copy that only has to live is well when it has lived long enough", () =>
  withCopy(async (ports, copy, stage) => {
    const check: HealthCheck = { kind: "stays-up", forMs: 60_000, ...pace }
    await assert.rejects(askCopy(ports, copy, check, signal), /it has been up for \S+ of 60 s/)
    await stage.clock.sleep(60_000)
    await askCopy(ports, copy, check, signal)
  }))

test("who does not answer in time is silent, and says nothing about whoever stops the asking", () =>
  withCopy(async (ports, copy) => {
    const silent: Ports = {
      ...ports,
      queryHealth: async ({ signal: whole }) => {
        await systemClock.sleep(60_000, whole)
        return {}
      },
    }
    const check: HealthCheck = { kind: "tcp", ...pace }
    await assert.rejects(askCopy(silent, copy, check, signal), { code: "unhealthy", message: "a TCP connection: no answer within 0.05 s" })
    const over = AbortSignal.abort(new Error("the run was cancelled"))
    await assert.rejects(askCopy(silent, copy, check, over), { message: "the run was cancelled" })
  }))
