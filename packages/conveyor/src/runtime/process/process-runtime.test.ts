import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { appendFile, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { systemClock } from "../../kernel/time/clock.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import { isGroupAlive, identify } from "../../kernel/process/process-identity.ts"
import { describeRuntime } from "../runtime.contract.ts"
import { Secret } from "../../kernel/secret.ts"
import type { OutputChunk, Copy, ServiceSpec } from "../runtime.ts"
import { createProcessRuntime } from "./process-runtime.ts"
import { anyCheck } from "../testing.ts"

const signal = AbortSignal.timeout(120_000)
const scripts = {
  obeys: `"${process.execPath}" -e 'setInterval(() => {}, 1000)'`,
  ignores: `"${process.execPath}" -e 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("ignoring")'`,
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5))
const pidOf = async (directory: string, { id }: Copy) =>
  Number((await readFile(join(directory, "copies", `${id}.pid`), "utf8")).split(" ")[0])

function specIn(directory: string, overrides: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    service: "web",
    version: "v1",
    commit: "c1",
    release: "r-1",
    artifact: { id: "art", kind: "directory", ref: directory },
    command: scripts.obeys,
    environment: {},
    copies: 1,
    health: anyCheck,
    role: "server",
    whenNotCurrent: "keep",
    startWithinMs: 60_000,
    stopGraceMs: 10_000,
    ...overrides,
  }
}

describeRuntime("process", async () => {
  const directory = await mkdtemp(join(tmpdir(), "conveyor-runtime-"))
  let passed = 0
  const clock: Clock = { now: () => systemClock.now() + passed, sleep: (ms, until) => systemClock.sleep(ms, until) }
  return {
    open: () => createProcessRuntime({ directory, clock }),
    spec: (overrides, onTerm) => specIn(directory, { command: scripts[onTerm], ...overrides }),
    async ignoring(copy) {
      while (!(await readFile(join(directory, "logs", `${copy.id}.log`), "utf8")).includes("ignoring")) await pause()
    },
    async crash(copy) {
      const pid = await pidOf(directory, copy)
      process.kill(-pid, "SIGKILL")
      while (identify(pid) !== undefined) await pause()
    },
    print: (copy, lines) => appendFile(join(directory, "logs", `${copy.id}.log`), lines.map((line) => `${line}\n`).join("")),
    pass: (ms) => (passed += ms),
    cleanUp: () => rm(directory, { recursive: true }),
  }
})

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "conveyor-runtime-"))
  try {
    await body(directory)
  } finally {
    const runtime = createProcessRuntime({ directory, clock: systemClock })
    for (const { id } of (await runtime.observe(signal)).copies) await runtime.stop(id, { graceMs: 0, signal })
    await rm(directory, { recursive: true })
  }
}

test("a copy is told who it is and where the edge listens, whatever its config says of that", () =>
  inDirectory(async (directory) => {
    const runtime = createProcessRuntime({ directory, clock: systemClock, edgeUrl: "http://127.0.0.1:8080" })
    const environment = { CONVEYOR_EDGE: "http://elsewhere", FLOWERS: "roses" }
    const spec = specIn(directory, { version: "v7", commit: "c7", command: "env && echo whole && exec sleep 600", environment })
    const [copy] = await runtime.want([spec], signal)
    const told: string[] = []
    for await (const { text } of runtime.logs(copy?.id ?? "", { follow: "follow", signal })) {
      told.push(text)
      if (text === "whole") break
    }
    const expected = [
      "CONVEYOR_EDGE=http://127.0.0.1:8080",
      "CONVEYOR_VERSION=v7",
      "CONVEYOR_COMMIT=c7",
      `CONVEYOR_COPY=${copy?.id}`,
      "FLOWERS=roses",
    ]
    assert.deepEqual(
      expected.filter((line) => !told.includes(line)),
      [],
    )
  }))

test("a copy that asked for it is told how its version stands, once while nothing changes", () =>
  inDirectory(async (directory) => {
    const program = `
      const { createServer } = require("node:http")
      process.on("SIGUSR2", () => console.log("signal"))
      createServer((request, response) => {
        request.on("data", (chunk) => console.log(request.url + " " + chunk)).on("end", () => response.end())
      }).listen(process.env.PORT, process.env.HOST, () => console.log("ready"))`
    await writeFile(join(directory, "told.cjs"), program)
    const command = `${process.execPath} ${join(directory, "told.cjs")}`
    for (const [toldBy, expected] of [
      [{ signal: "SIGUSR2" }, ["signal", "signal"]],
      [{ path: "/how" }, ['/how {"standing":"current"}', '/how {"standing":"not-current"}']],
    ] as const) {
      const version = "path" in toldBy ? "v1" : "v2"
      const runtime = createProcessRuntime({ directory, clock: systemClock })
      const [copy] = await runtime.want([specIn(directory, { version, command, toldBy })], signal)
      const said: string[] = []
      for await (const { text } of runtime.logs(copy?.id ?? "", { follow: "follow", signal })) {
        if (text !== "ready") said.push(text)
        // Twice each: what was told already is not told again.
        for (let i = 0; i < 2; i++) await runtime.tell(version, said.length === 0 ? "current" : "not-current", signal)
        if (said.length === expected.length) break
      }
      assert.deepEqual(said, expected)
    }
  }))

test("a copy reads in a file whether its version is the current one, and one that is started later reads the same", () =>
  inDirectory(async (directory) => {
    const runtime = createProcessRuntime({ directory, clock: systemClock })
    const [copy] = await runtime.want([specIn(directory)], signal)
    const read = async () => {
      const lines: string[] = []
      await runtime.exec(copy?.id ?? "", {
        command: 'cat "$CONVEYOR_STANDING" 2>/dev/null || echo nothing',
        onOutput: ({ text }: OutputChunk) => lines.push(...text.split("\n").filter((line) => line !== "")),
        signal,
      })
      return lines.at(-1)
    }
    assert.equal(await read(), "nothing")
    for (const standing of ["current", "not-current", "current"] as const) {
      await runtime.tell("v1", standing, signal)
      assert.equal(await read(), standing)
    }
    await runtime.unwant("v1", signal)
    assert.deepEqual(await readdir(join(directory, "standing")), [])
  }))

test("what is kept of copies is for nobody else to read, because secrets are in it", () =>
  inDirectory(async (directory) => {
    await createProcessRuntime({ directory, clock: systemClock }).want(
      [specIn(directory, { environment: { TOKEN: new Secret("planted") } })],
      signal,
    )
    assert.equal((await stat(join(directory, "wanted"))).mode & 0o077, 0)
    for (const folder of ["wanted", "copies", "logs"]) {
      for (const name of await readdir(join(directory, folder))) {
        const file = join(directory, folder, name)
        assert.equal((await stat(file)).mode & 0o077, 0, name)
      }
    }
  }))

test("how a copy ended is told: its exit code, or that nobody watched", () =>
  inDirectory(async (directory) => {
    const runtime = createProcessRuntime({ directory, clock: systemClock })
    await runtime.want([specIn(directory, { command: "sleep 0.2; exit 7" })], signal)
    const ended = async () => (await runtime.observe(signal)).copies[0]?.end?.reason
    while ((await ended()) === undefined) await pause()
    while (/not known/.test((await ended()) ?? "")) await pause()
    assert.equal(await ended(), "exit code 7")
  }))

test("a copy that listens where it was told holds its address; one in whose place another listens does not", async () => {
  const directory = await mkdtemp(join(tmpdir(), "conveyor-runtime-"))
  const runtime = createProcessRuntime({ directory, clock: systemClock })
  const listens = `"${process.execPath}" -e 'require("net").createServer().listen(process.env.PORT, "127.0.0.1"); setInterval(() => {}, 1000)'`
  try {
    const [listening] = await runtime.want([specIn(directory, { command: listens })], signal)
    const [idle] = await runtime.want([specIn(directory, { service: "till" })], signal)
    assert.ok(listening && idle)
    assert.notEqual(listening.address.port, idle.address.port)
    while ((await runtime.holdsAddress(listening.id, signal)) === "no") await pause()
    assert.equal(await runtime.holdsAddress(listening.id, signal), process.platform === "linux" ? "yes" : "unknown")
    const usurper = createServer().listen(idle.address.port, "127.0.0.1")
    assert.notEqual(await runtime.holdsAddress(idle.id, signal), "yes")
    usurper.close()
  } finally {
    await runtime.unwant("v1", signal)
    await rm(directory, { recursive: true })
  }
})

test("what a leader that was killed has left behind is ended before its place is filled again", () =>
  inDirectory(async (directory) => {
    const runtime = createProcessRuntime({ directory, clock: systemClock })
    const [copy] = await runtime.want([specIn(directory, { command: "sleep 600 & echo begun; wait" })], signal)
    assert.ok(copy)
    while (!(await readFile(join(directory, "logs", `${copy.id}.log`), "utf8")).includes("begun")) await pause()
    const pid = await pidOf(directory, copy)
    process.kill(pid, "SIGKILL")
    while (identify(pid) !== undefined) await pause()
    assert.ok(isGroupAlive(pid), "the child goes on")
    await runtime.reconcile(signal)
    assert.ok(!isGroupAlive(pid))
  }))

test("a record that cannot be read is an error that names it, and nothing is started by guess", () =>
  inDirectory(async (directory) => {
    const runtime = createProcessRuntime({ directory, clock: systemClock })
    const [copy] = await runtime.want([specIn(directory)], signal)
    assert.ok(copy)
    const file = join(directory, "copies", `${copy.id}.json`)
    const whole = await readFile(file, "utf8")
    await writeFile(file, whole.slice(0, 20))
    await assert.rejects(runtime.reconcile(signal), { code: "bad-runtime-state" })
    assert.equal((await readdir(join(directory, "copies"))).filter((name) => name.endsWith(".pid")).length, 1)
    await writeFile(file, whole)
  }))

test("killed at any moment of its work, the next one has exactly what is wanted running, each place once", { timeout: 120_000 }, () =>
  inDirectory(async (directory) => {
    const spec = specIn(directory, { copies: 3, command: "sleep 600" })
    const script = join(directory, "starter.mjs")
    await writeFile(
      script,
      `import { createProcessRuntime } from ${JSON.stringify(join(import.meta.dirname, "process-runtime.ts"))}
       import { systemClock } from ${JSON.stringify(join(import.meta.dirname, "../../kernel/time/clock.ts"))}
       const runtime = createProcessRuntime({ directory: ${JSON.stringify(directory)}, clock: systemClock })
       const signal = new AbortController().signal
       console.log("ready")
       for (let n = 0; ; n++) {
         await runtime.want([{ ...${JSON.stringify(spec)}, copies: 1 + (n % 3) }], signal)
         if (n % 4 === 3) await runtime.unwant("v1", signal)
       }`,
    )
    for (let round = 0; round < 6; round++) {
      const starter = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script], { stdio: ["ignore", "pipe", "inherit"] })
      await new Promise((resolve) => starter.stdout.once("data", resolve))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 150))
      starter.kill("SIGKILL")
      await new Promise((resolve) => starter.once("exit", resolve))

      // What was written down and never begun is given up ten seconds later; what had begun by then is one too many.
      await systemClock.sleep(100, signal)
      const clock: Clock = { now: () => systemClock.now() + 11_000, sleep: (ms, until) => systemClock.sleep(ms, until) }
      const next = createProcessRuntime({ directory, clock })
      await next.want([spec], signal)
      await next.reconcile(signal)
      const { copies } = await next.observe(signal)
      assert.deepEqual(copies.map(({ index, state }) => `${index} ${state}`).toSorted(), ["0 running", "1 running", "2 running"])
    }
  }),
)
