// A whole installation for end-to-end tests: a carried repository with a small service, the real command line, real
// shards, a witness. Nothing of it is left after `end`.
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { runWitness } from "@conveyor/witness"
import type { Scenario } from "@conveyor/witness/scenario"
import type { WitnessResult } from "@conveyor/witness/result"
import { freePort } from "../src/kernel/process/free-port.ts"
import { identify, isAlive } from "../src/kernel/process/process-identity.ts"
import type { ProcessIdentity } from "../src/kernel/process/process-identity.ts"
import type { JournalEventName } from "../src/store/records.ts"
import type { ControlAddress } from "../src/server/installation/state-directory.ts"
import type { StatusReport } from "../src/server/protocol/reports.ts"

// The test runner asks its files for colours where it has a terminal itself; here is compared what programs print.
delete process.env["FORCE_COLOR"]
process.env["NO_COLOR"] = "1"

const execute = promisify(execFile)
const breath = new Int32Array(new SharedArrayBuffer(4))
const cli = resolve(import.meta.dirname, "../src/cli/main.ts")
const flags = ["--disable-warning=ExperimentalWarning"]
const waitsAtMostMs = 120_000

/** Answers every request with its version; a document at "/". Ends on SIGTERM when its requests are done. */
const service = `
import { createServer } from "node:http"
const { PORT, HOST, CONVEYOR_RELEASE: release, CONVEYOR_VERSION: version } = process.env
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    if (request.url === "/") return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>shop</title>")
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ release, version }))
  })
})
server.listen(Number(PORT), HOST)
process.on("SIGTERM", () => server.close(() => process.exit(0)))
`

const scenario: Scenario = {
  name: "small",
  requests: [
    { weight: 3, make: () => ({ method: "GET", path: "/api/flowers", check: isJson }) },
    { weight: 1, make: () => ({ method: "POST", path: "/api/flowers", body: "{}", check: isJson }) },
  ],
  page: {
    document: "/",
    calls: [{ weight: 1, make: () => ({ method: "GET", path: "/api/flowers", check: isJson }) }],
    thinkMs: { from: 100, to: 300 },
  },
}

function isJson({ body }: { body: Buffer }): void {
  JSON.parse(body.toString("utf8"))
}

export interface Shards {
  /** By name. */
  urls: Readonly<Record<string, string>>
}

interface Answer {
  code: number
  out: string
  error: string
}

export class Installation {
  readonly repository: string
  readonly state: string
  readonly #folder: string
  /** The newest run before the last push. */
  #before = 0
  #witness: { stop: AbortController; result: Promise<WitnessResult> } | undefined

  private constructor(folder: string) {
    this.#folder = folder
    this.repository = join(folder, "repository")
    this.state = join(folder, "state")
  }

  /** A repository with one commit, and everything up. */
  static async start({ urls }: Shards): Promise<Installation> {
    const installation = new Installation(await mkdtemp(join(tmpdir(), "conveyor-installation-")))
    try {
      await installation.#initialise(urls)
      await installation.up()
      return installation
    } catch (thrown) {
      await installation.end().catch(() => {})
      throw thrown
    }
  }

  async #initialise(urls: Readonly<Record<string, string>>): Promise<void> {
    await execute("git", ["init", "--quiet", "--initial-branch=main", this.repository])
    await this.git("config", "user.name", "Test")
    await this.git("config", "user.email", "test@example.org")
    await this.git("remote", "add", "conveyor", join(this.state, "repository.git"))
    await this.write("server.mjs", service)
    await mkdir(join(this.repository, "changes"))
    await writeFile(join(this.repository, "changes", ".keep"), "")
    const shards = Object.entries(urls).map(([name, url]) => `    ${name}: ${url}`)
    const fleet = `fleet:\n  changes: changes\n  backfill: { batch: 50ms, duty: 0.3 }\n  shards:\n${shards.join("\n")}\n`
    await this.write(
      "conveyor.yml",
      `name: shop
services: { web: { start: node server.mjs, routes: [/], copies: 2 } }
${shards.length === 0 ? "" : fleet}edge: { listen: "127.0.0.1:${await freePort()}" }
release: { bake: { for: 1s, at_least: 20, at_most: 60s }, notice: 3s, rollback_window: 1h, stop_grace: 5s }
`,
    )
  }

  async write(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.repository, file)), { recursive: true })
    await writeFile(join(this.repository, file), text)
  }

  async up(): Promise<void> {
    await this.must("up", "--config", join(this.repository, "conveyor.yml"))
  }

  async git(...argv: string[]): Promise<string> {
    return (await execute("git", ["-C", this.repository, ...argv])).stdout
  }

  /** Gives the whole output of the push, in which the release was followed to its end. */
  async push(message: string): Promise<string> {
    const { output } = await this.beginPush(message)
    return output
  }

  /** Gives what the conveyor says to a push of another branch. */
  async gitPush(branch: string): Promise<string> {
    return (await execute("git", ["-C", this.repository, "push", "conveyor", branch])).stderr
  }

  /** As `push`, but resolves while the release is under way. */
  async beginPush(message: string): Promise<{ output: Promise<string> }> {
    this.#before = (await this.status()).runs.at(-1)?.id ?? 0
    await this.git("add", "--all")
    await this.git("commit", "--quiet", "--allow-empty", "-m", message)
    const output = execute("git", ["-C", this.repository, "push", "conveyor", "main"])
      .catch((thrown: { stderr: string }) => thrown)
      .then(({ stderr }) => stderr)
    output.catch(() => {})
    return { output }
  }

  async run(...argv: string[]): Promise<Answer> {
    const child = spawn(process.execPath, [...flags, cli, "--state", this.state, ...argv], { stdio: ["ignore", "pipe", "pipe"] })
    let [out, error] = ["", ""]
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (error += chunk.toString()))
    const [code] = (await once(child, "close")) as [number | null]
    return { code: code ?? 1, out, error }
  }

  async must(...argv: string[]): Promise<string> {
    const { code, out, error } = await this.run(...argv)
    if (code !== 0) throw new Error(`conveyor ${argv.join(" ")} ended with code ${code}:\n${out}${error}`)
    return out
  }

  /** Asked of the control plane itself: it is asked often, and a process each time would take long. */
  async status(): Promise<StatusReport> {
    const { url, token } = JSON.parse(await readFile(join(this.state, "control.json"), "utf8")) as ControlAddress
    const response = await fetch(`${url}/v1/status`, { headers: { authorization: `Bearer ${token}` } })
    if (!response.ok) throw new Error(`the control plane answers ${response.status}: ${await response.text()}`)
    return (await response.json()) as StatusReport
  }

  /** Resolves as soon as the journal of the run that was pushed last has that line. */
  async reached(step: string, event: JournalEventName): Promise<void> {
    await this.#withJournal((has) => this.eventually(`${step} ${event}`, () => has(step, event)))
  }

  /** Lets the control plane go on in small steps until its journal has that line. There it stands still. */
  async stopAt(step: string, event: JournalEventName): Promise<void> {
    const { identity } = await this.#identityIn("control.json")
    const deadline = Date.now() + waitsAtMostMs
    await this.#withJournal(async (has) => {
      // Nothing else of this process may come in between: the control plane would go past the line meanwhile.
      for (;;) {
        process.kill(identity.pid, "SIGSTOP")
        if (has(step, event)) return
        process.kill(identity.pid, "SIGCONT")
        if (Date.now() > deadline) throw new Error(`not within ${waitsAtMostMs} ms: ${step} ${event}`)
        Atomics.wait(breath, 0, 0, 0.3)
      }
    })
  }

  /** Whether the journal of the run that was pushed last has that line now. */
  async has(step: string, event: JournalEventName): Promise<boolean> {
    return this.#withJournal(async (has) => has(step, event))
  }

  async #withJournal<T>(body: (has: (step: string, event: JournalEventName) => boolean) => Promise<T>): Promise<T> {
    const database = new DatabaseSync(join(this.state, "state.db"), { readOnly: true })
    try {
      const find = database.prepare("SELECT 1 FROM journal WHERE release > ? AND step = ? AND event = ?")
      return await body((step, event) => find.get(this.#before, step, event) !== undefined)
    } finally {
      database.close()
    }
  }

  /** Resolves when the newest run has ended; gives its state. */
  async ended(): Promise<string> {
    let state = ""
    await this.eventually("the run's end", async () => {
      state = (await this.status()).runs.at(-1)?.state ?? ""
      return state !== "queued" && state !== "running"
    })
    return state
  }

  async eventually(what: string, isSo: () => boolean | Promise<boolean>, everyMs = 5): Promise<void> {
    const deadline = Date.now() + waitsAtMostMs
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(`not within ${waitsAtMostMs} ms: ${what}`)
      await sleep(everyMs)
    }
  }

  /** kill -9 of the control plane alone. */
  async killControlPlane(): Promise<void> {
    const { identity } = await this.#identityIn("control.json")
    process.kill(identity.pid, "SIGKILL")
    await this.eventually("the control plane's death", () => !isAlive(identity))
  }

  /** kill -9 of the edge's guard and worker in one moment: held first, so that neither starts the other again. */
  async killEdge(): Promise<void> {
    const { identity, guard } = await this.#identityIn(join("edge", "edge.json"))
    const both = guard === undefined ? [identity] : [guard, identity]
    for (const signal of ["SIGSTOP", "SIGKILL"] as const) for (const { pid } of both) process.kill(pid, signal)
    await this.eventually("the edge's death", () => !both.some(isAlive))
  }

  /** The control plane, the edge, its guard, and every copy that runs. */
  async processes(): Promise<ProcessIdentity[]> {
    const [control, edge] = [await this.#identityIn("control.json"), await this.#identityIn(join("edge", "edge.json"))]
    return [control.identity, edge.identity, ...(edge.guard === undefined ? [] : [edge.guard]), ...(await this.copies(""))]
  }

  /** The processes of the copies whose ids begin like that. */
  async copies(prefix: string): Promise<ProcessIdentity[]> {
    const folder = join(this.state, "runtime", "copies")
    // Before the first copy there is no folder.
    const names = existsSync(folder) ? await readdir(folder) : []
    const files = names.filter((name) => name.startsWith(prefix) && name.endsWith(".pid"))
    // A copy that has just been forgotten has no file any more.
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8").catch(() => "")))
    const pids = texts.map((text) => Number(text.split(" ")[0]))
    return pids.map(identify).filter((identity) => identity !== undefined)
  }

  startUsers(edge: string): void {
    const stop = new AbortController()
    const result = runWitness({
      target: new URL(edge),
      scenario,
      ratePerSecond: 50,
      pages: 5,
      outDirectory: join(this.#folder, "witness"),
      signal: stop.signal,
      seed: 1,
      arrivals: "poisson",
      timeoutMs: 30_000,
      finishWithinMs: 10_000,
    })
    result.catch(() => {})
    this.#witness = { stop, result }
  }

  /** What the users saw. */
  async endUsers(): Promise<WitnessResult> {
    if (this.#witness === undefined) throw new Error("No users came.")
    this.#witness.stop.abort()
    return this.#witness.result
  }

  async end(): Promise<void> {
    this.#witness?.stop.abort()
    await this.#witness?.result.catch(() => {})
    if (existsSync(this.state)) await this.must("down")
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #identityIn(file: string): Promise<{ identity: ProcessIdentity; guard?: ProcessIdentity }> {
    return JSON.parse(await readFile(join(this.state, file), "utf8")) as { identity: ProcessIdentity }
  }
}
