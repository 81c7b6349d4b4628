import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { identify } from "../kernel/process/process-identity.ts"
import type { Ports } from "../release/ports.ts"
import { Rehearsal } from "../release/rehearsal.ts"
import { createApi } from "../server/api/api.ts"
import { ControlPlane } from "../server/control-plane.ts"
import { EventHub } from "../server/api/events.ts"
import type { Happening } from "../server/protocol/events.ts"
import { stateDirectory } from "../server/installation/state-directory.ts"
import type { ControlAddress } from "../server/installation/state-directory.ts"
import { follow } from "./follow.ts"
import type { RunView } from "./render/run-view.ts"
import { idleJobs } from "../release/jobs/testing.ts"
import { idleWatching } from "../server/watching/testing.ts"

/** A control plane that answers, for a state directory that says where. */
class Answering {
  readonly stage: Rehearsal
  readonly ports: Ports
  readonly folder = mkdtempSync(join(tmpdir(), "conveyor-follow-"))
  readonly state = stateDirectory(this.folder)
  hub = new EventHub(0)
  #epoch = 0
  #close: () => Promise<void> = async () => {}

  constructor(stage: Rehearsal, ports: Ports) {
    this.stage = stage
    this.ports = ports
  }

  async up(): Promise<void> {
    this.#epoch += 1
    this.hub = new EventHub(this.#epoch)
    const { ports, hub } = this
    const controlPlane = new ControlPlane(ports, hub)
    const api = createApi({
      controlPlane,
      ports,
      hub,
      token: "secret",
      name: "shop",
      edgeUrl: "",
      watching: idleWatching(ports),
      jobs: idleJobs(ports),
    })
    const identity = identify(process.pid)
    if (identity === undefined) throw new Error("this process has no identity")
    const url = await api.listen({ host: "127.0.0.1", port: 0 })
    const address: ControlAddress = { url, token: "secret", identity, edge: "", configFile: "" }
    writeFileSync(this.state.control, JSON.stringify(address))
    this.#close = () => api.close()
  }

  async promote(run: number): Promise<void> {
    this.hub.publish({ type: "run", run: await this.ports.queue.setState(run, "promoted") }, this.stage.clock.now())
  }

  async down(): Promise<void> {
    rmSync(this.state.control)
    await this.#close()
  }

  async end(): Promise<void> {
    await this.#close()
    await this.stage.end()
    rmSync(this.folder, { recursive: true })
  }
}

const forever = new AbortController().signal

const restarted = (version: string): Happening => ({ type: "keeper", fact: { kind: "copy-restarted", version } })

/** Notes what it is shown; `onBegin` is called each time that the run is seen to go on. */
function noting(onBegin: () => void): { seen: string[]; view: RunView } {
  const seen: string[] = []
  const view: RunView = {
    begin(report) {
      seen.push(`begin ${report.state}`)
      onBegin()
    },
    show: (event) => seen.push(event.type === "keeper" ? event.fact.version : "message" in event ? event.message : event.type),
    note: (message) => seen.push(message),
    end: (report) => seen.push(`end ${report.state}`),
  }
  return { seen, view }
}

async function answering(body: (server: Answering) => Promise<void>): Promise<void> {
  const stage = new Rehearsal()
  const server = new Answering(stage, await stage.ports())
  try {
    await server.up()
    await body(server)
  } finally {
    await server.end()
  }
}

test("a run is followed to its end, and only what concerns it is shown", () =>
  answering(async ({ stage, ports, hub, state }) => {
    hub.publish(restarted("v8"), stage.clock.now() - 1)
    const release = await stage.ask("release", "a")
    const at = stage.clock.now()
    const { seen, view } = noting(async () => {
      hub.publish({ type: "progress", run: release.id + 1, step: "build", message: "of another run" }, at)
      hub.publish({ type: "progress", run: release.id, step: "build", message: "building" }, at)
      hub.publish(restarted("v9"), at)
      hub.publish({ type: "run", run: await ports.queue.setState(release.id, "promoted") }, at)
    })
    assert.equal((await follow({ state, id: release.id, view, signal: forever })).state, "promoted")
    assert.deepEqual(seen, ["begin queued", "building", "v9", "end promoted"])
  }))

test("a run that is over is told at once", () =>
  answering(async ({ stage, ports, state }) => {
    const release = await stage.ask("release", "a")
    await ports.queue.setState(release.id, "failed", "it rained")
    const { seen, view } = noting(() => {})
    assert.equal((await follow({ state, id: release.id, view, signal: forever })).reason, "it rained")
    assert.deepEqual(seen, ["end failed"])
  }))

test("a control plane that goes and comes back in the middle is waited for", () =>
  answering(async (server) => {
    const release = await server.stage.ask("release", "a")
    let begins = 0
    const restarted: Promise<void>[] = []
    const { seen, view } = noting(() => {
      begins += 1
      if (begins === 1) restarted.push(server.down().then(() => server.up()))
      else restarted.push(server.promote(release.id))
    })
    assert.equal((await follow({ state: server.state, id: release.id, view, signal: forever })).state, "promoted")
    await Promise.all(restarted)
    assert.equal(begins >= 2, true)
    assert.equal(seen.at(-1), "end promoted")
  }))

test("a run that waits says what goes before it, and again when that has ended", () =>
  answering(async (server) => {
    const { stage, state } = server
    const [first, second] = [await stage.ask("release", "a"), await stage.ask("release", "b")]
    const ahead: number[][] = []
    const promoted: Promise<void>[] = []
    const { view } = noting(() => {})
    const noted: RunView = {
      ...view,
      begin(report) {
        ahead.push(report.ahead.map(({ id }) => id))
        promoted.push(server.promote((ahead.length === 1 ? first : second).id))
      },
    }
    assert.equal((await follow({ state, id: second.id, view: noted, signal: forever })).state, "promoted")
    await Promise.all(promoted)
    assert.deepEqual(ahead, [[first.id], []])
  }))

test("whoever follows no longer gets the run as it is, and the run goes on", () =>
  answering(async ({ stage, ports, state }) => {
    const release = await stage.ask("release", "a")
    const enough = new AbortController()
    const { seen, view } = noting(() => enough.abort())
    assert.equal((await follow({ state, id: release.id, view, signal: enough.signal })).state, "queued")
    assert.deepEqual(seen, ["begin queued", "end queued"])
    assert.equal((await ports.queue.find(release.id))?.state, "queued")
  }))

test("where the control plane has gone for good, how the run ends is said to be unknown, and not failed", () =>
  answering(async (server) => {
    const release = await server.stage.ask("release", "a")
    const { seen, view } = noting(() => void server.down())
    await assert.rejects(follow({ state: server.state, id: release.id, view, signal: forever, withinMs: 50 }), (thrown) => {
      assert.ok(thrown instanceof ConveyorError && thrown.code === "unknown-outcome")
      assert.match(thrown.message, /how run 1 ends is not known/)
      return true
    })
    assert.ok(!seen.some((line) => line.startsWith("end")))
    await server.up()
  }))
