import assert from "node:assert/strict"
import { test } from "node:test"
import type { Ports } from "../../release/ports.ts"
import { Rehearsal } from "../../release/rehearsal.ts"
import { addStopped, askedOf } from "../../release/testing-past.ts"
import { newestLines } from "./logs.ts"
import { planReport } from "./plan-report.ts"
import { previousTo } from "./previous.ts"
import { statusReport } from "./status.ts"

const signal = new AbortController().signal

async function release(stage: Rehearsal, commit: string): Promise<void> {
  const asked = await stage.ask("release", commit)
  const ended = await stage.carryOut(asked, {
    afterEvent: ({ step, event }) => {
      if (step === "switch" && event === "started") stage.traffic(asked.version, { requests: 1_000 })
    },
  })
  assert.ok(ended !== "killed" && ended.state === "promoted")
}

const asked: Record<string, (ports: Ports) => Promise<unknown>> = {
  "the status": (ports) => statusReport({ ports, name: "shop", edge: "", changes: [], signal }),
  "a plan": (ports) => planReport(ports, "v2", signal),
  "the logs of a version that is gone": (ports) => newestLines(ports, { version: "v3", lines: 9 }, signal),
  "the way back": (ports) => previousTo("v2", ports),
}

for (const [what, ask] of Object.entries(asked)) {
  test(`${what} reads as much of the store beside a thousand stopped versions as beside thirty`, async () => {
    const stage = new Rehearsal()
    try {
      for (const commit of ["a", "b"]) await release(stage, commit)
      await addStopped(stage, 0, 30)
      const few = await askedOf(await stage.ports(), ask)
      await addStopped(stage, 30, 1_000)
      assert.deepEqual(await askedOf(await stage.ports(), ask), few)
      assert.ok(few.records > 0)
    } finally {
      await stage.end()
    }
  })
}
