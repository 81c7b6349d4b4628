import assert from "node:assert/strict"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { systemClock } from "../../kernel/clock.ts"
import { isAlive, identify } from "../../kernel/process-identity.ts"
import { describeRuntime } from "../runtime.contract.ts"
import { createProcessRuntime } from "./process-runtime.ts"

const scripts = {
  obeys: `"${process.execPath}" -e 'setInterval(() => {}, 1000)'`,
  ignores: `"${process.execPath}" -e 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("ignoring")'`,
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5))

describeRuntime("process", async () => {
  const directory = await mkdtemp(join(tmpdir(), "conveyor-runtime-"))
  return {
    open: () => createProcessRuntime({ directory, clock: systemClock }),
    spec: (overrides, onTerm) => ({
      service: "web",
      version: "v1",
      commit: "c1",
      release: "r-1",
      index: 0,
      artifact: { id: "art", kind: "directory", ref: directory },
      command: scripts[onTerm],
      environment: {},
      ...overrides,
    }),
    async ignoring(copy) {
      while (!(await readFile(copy.logFile, "utf8")).includes("ignoring")) await pause()
    },
    async crash(copy) {
      const pid = Number((await readFile(join(directory, "copies", `${copy.id}.pid`), "utf8")).split(" ")[0])
      const identity = identify(pid)
      process.kill(-pid, "SIGKILL")
      for (;;) {
        if (identity === undefined || !isAlive(identity)) return
        await pause()
      }
    },
    cleanUp: () => rm(directory, { recursive: true }),
  }
})

test("a copy is told who it is and where the edge listens, whatever its config says of that", async () => {
  const directory = await mkdtemp(join(tmpdir(), "conveyor-runtime-"))
  const signal = AbortSignal.timeout(60_000)
  const runtime = createProcessRuntime({ directory, clock: systemClock, edgeUrl: "http://127.0.0.1:8080" })
  const place = {
    service: "web",
    version: "v7",
    commit: "c7",
    release: "r-1",
    index: 0,
    artifact: { id: "art", kind: "directory", ref: directory },
  }
  const environment = { CONVEYOR_EDGE: "http://elsewhere", FLOWERS: "roses" }
  try {
    const copy = await runtime.start({ ...place, command: "env && echo whole && exec sleep 600", environment }, signal)
    let told: string[] = []
    while (!told.includes("whole")) {
      await pause()
      told = (await readFile(copy.logFile, "utf8")).split("\n")
    }
    const expected = [
      "CONVEYOR_EDGE=http://127.0.0.1:8080",
      "CONVEYOR_VERSION=v7",
      "CONVEYOR_COMMIT=c7",
      `CONVEYOR_COPY=${copy.id}`,
      "FLOWERS=roses",
    ]
    assert.deepEqual(
      expected.filter((line) => !told.includes(line)),
      [],
    )
    await runtime.stop(copy.id, { graceMs: 0, signal })
  } finally {
    await rm(directory, { recursive: true })
  }
})
