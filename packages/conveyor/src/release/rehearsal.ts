// A stage for tests of the release layer: store, edge, runtime, builder and what copies answer played by
// fakes; a clock that jumps. Killing the control plane is played by closing its store at any line of the journal, or
// right after any effect, before the journal knows of it.
import { randomUUID } from "node:crypto"
import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { loadConfig } from "../config/load-config.ts"
import { createEdgeSet } from "../edge/edge-set.ts"
import { FakeEdge } from "../edge/fake-edge.ts"
import type { Clock } from "../kernel/time/clock.ts"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { silentLogger } from "../kernel/logger.ts"
import { revealed } from "../kernel/secret.ts"
import { FakeRuntime } from "../runtime/fake-runtime.ts"
import type { ServiceSpec } from "../runtime/runtime.ts"
import type { JournalEvent, ReleaseKind, ReleaseRecord } from "../store/records.ts"
import { FakeMemory, FakeStore } from "../store/fake-store.ts"
import type { Store } from "../store/store.ts"
import { whyIllegal } from "./machine.ts"
import type { Lane } from "./machine.ts"
import type { Ports } from "./ports.ts"
import { patientEdge } from "./routing/patient-edge.ts"
import { Health } from "./copies/health.ts"
import { cell } from "./evidence/testing.ts"
import { Routing } from "./routing/routing.ts"
import { UsersView } from "./routing/users-view.ts"
import { createEnvironments } from "./environments.ts"
import { run } from "./run.ts"

/** Sleeping takes no time, but moves the clock. */
class JumpingClock implements Clock {
  #now = 1_000_000
  /** After each sleep: so many ms have passed for everybody else, too. */
  onSleep: (ms: number) => void = () => {}

  now(): number {
    return this.#now
  }

  pass(ms: number): void {
    this.#now += ms
    this.onSleep(ms)
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.pass(ms)
    await new Promise((resolve) => setImmediate(resolve))
    signal?.throwIfAborted()
  }
}

export interface RunScript {
  /** Called after each journal line; may change the edge's loads or abort. */
  afterEvent?: (event: JournalEvent) => void
  /** Called after each journal line and after each effect; may kill the control plane there. */
  atMoment?: () => "go on" | "kill"
  signal?: AbortSignal
  /** Only as far as this lane goes; without it to the end. */
  lane?: Lane
}

export class Rehearsal {
  readonly edge = new FakeEdge()
  /** All members; a test may add to them. */
  readonly edges = [this.edge]
  readonly clock = new JumpingClock()
  readonly runtime = new FakeRuntime(() => this.clock.now())
  /** Commits whose copies answer that they are ill. */
  readonly ill = new Set<string>()
  /** Versions that answer 500 to what the conveyor itself asks. */
  readonly failing = new Set<string>()
  /** What is wanted of the runtime, each time. */
  onWant: (specs: readonly ServiceSpec[]) => void = () => {}
  readonly builds: string[] = []
  /** What the last build and the last tests were told. */
  readonly environments: Record<"build" | "test", Readonly<Record<string, string>>> = { build: {}, test: {} }
  readonly #memory = new FakeMemory()
  /** Made only where something is kept. */
  readonly #environmentFolder = join(tmpdir(), `conveyor-rehearsal-${randomUUID()}`)
  #store: Store | undefined
  #fence = 0
  #config = ""
  #lives = 0
  #ports: Ports | undefined
  #moment: () => void = () => {}

  constructor(
    releasePolicy = "bake: { for: 10s, at_least: 100, at_most: 60s, hold: 1m }, notice: 5s, rollback_window: 1h, stop_grace: 1s, start_within: 2s",
    /** More of its conveyor.yml. */
    more = "",
    services = "web: { start: run, routes: [/], copies: 2 }",
  ) {
    this.#config = `{ name: shop, services: { ${services} }, release: { ${releasePolicy} }${more} }`
  }

  readonly health = new Health()
  cores = 8

  get store(): Store {
    this.#store ??= new FakeStore(this.#memory, { clock: this.clock, whyIllegal })
    return this.#store
  }

  get current(): string | undefined {
    return this.edge.inUse?.current
  }

  /** Of one life of the control plane: the same for all that it carries out. */
  async ports(): Promise<Ports> {
    this.#ports ??= await this.#makePorts()
    return this.#ports
  }

  async #makePorts(): Promise<Ports> {
    if (this.#fence === 0) this.#fence = await this.store.lease.acquire(Number.MAX_SAFE_INTEGER)
    const edge = patientEdge(createEdgeSet({ members: () => this.edges, withinMs: 1_000 }), this.clock)
    return {
      journal: this.store.journal,
      versions: this.store.versions,
      queue: this.store.queue,
      builder: {
        resolve: async (revision) => ({ commit: revision, subject: `Commit ${revision}` }),
        readFile: async () => this.#config,
        listFiles: async () => [],
        build: async (commit, { environment }) => {
          this.builds.push(commit)
          this.environments.build = revealed(environment)
          return { id: `art-${commit}`, kind: "directory", ref: "/" }
        },
        runIn: async (_, { environment }) => {
          this.environments.test = revealed(environment)
        },
      },
      runtime: {
        starts: this.runtime.starts,
        observe: (signal) => this.runtime.observe(signal),
        want: (specs, signal) => {
          this.onWant(specs)
          return this.#effect(this.runtime.want(specs, signal))
        },
        unwant: (version, signal) => this.#effect(this.runtime.unwant(version, signal)),
        rest: (version, signal) => this.#effect(this.runtime.rest(version, signal)),
        wake: (version, signal) => this.#effect(this.runtime.wake(version, signal)),
        tell: (version, standing, signal) => this.runtime.tell(version, standing, signal),
        stop: (id, options) => this.#effect(this.runtime.stop(id, options)),
        giveUp: (id, options) => this.#effect(this.runtime.giveUp(id, options)),
        reconcile: (signal) => this.#effect(this.runtime.reconcile(signal)),
        holdsAddress: (id, signal) => this.runtime.holdsAddress(id, signal),
        logs: (id, options) => this.runtime.logs(id, options),
        exec: (id, options) => this.runtime.exec(id, options),
        run: (spec, options) => this.#effect(this.runtime.run(spec, options)),
      },
      routing: new Routing({ ...edge.routing, apply: (table, signal) => this.#effect(edge.routing.apply(table, signal)) }, this.#fence),
      metering: edge.metering,
      tls: edge.tls,
      pages: edge.pages,
      users: new UsersView(edge.metering, this.clock),
      cores: this.cores,
      queryHealth: async ({ address, release }) => {
        const copy = this.runtime.copies().find((each) => each.address.port === address.port)
        const isIll = copy === undefined || this.ill.has(copy.artifact.slice("art-".length))
        if (isIll || copy.release !== release) throw new ConveyorError("unhealthy", "it is ill", { facts: { status: 500 } })
        return { release }
      },
      health: this.health,
      queryPath: async ({ address }) => {
        const copy = this.runtime.copies().find((each) => each.address.port === address.port)
        return { status: copy !== undefined && this.failing.has(copy.version) ? 500 : 200, ms: 1 }
      },
      changeEngine: () => undefined,
      loadChanges: async () => [],
      environments: createEnvironments({
        folder: this.#environmentFolder,
        installation: loadConfig(this.#config, "conveyor.yml", {}),
        variables: {},
      }),
      readConfig: async () => loadConfig(this.#config, "conveyor.yml", {}),
      clock: this.clock,
      logger: silentLogger,
      fence: this.#fence,
    }
  }

  /** After it the control plane that was can write nothing any more; the next use of the stage is by a new one. */
  #kill(): never {
    void this.#store?.close()
    this.#store = undefined
    this.#ports = undefined
    this.#fence = 0
    this.#lives++
    throw new Error("killed")
  }

  async ask(kind: ReleaseKind, commit: string): Promise<ReleaseRecord> {
    const { queue, versions } = await this.ports()
    return queue.enqueue(kind, (await versions.ensure(commit, `Commit ${commit}`)).name)
  }

  /** Gives the ended run, or "killed". */
  async carryOut(release: ReleaseRecord, script: RunScript = {}): Promise<ReleaseRecord | "killed"> {
    const { afterEvent = () => {}, atMoment = () => "go on", signal = new AbortController().signal, lane } = script
    const life = this.#lives
    this.#moment = () => {
      if (atMoment() === "kill") this.#kill()
    }
    const onEvent = (event: JournalEvent) => {
      afterEvent(event)
      this.#moment()
    }
    const shutdown = new AbortController().signal
    const ports = await this.ports()
    try {
      const options = { ports, signal, shutdown, onEvent, onProgress: () => {} }
      let now = (await ports.queue.find(release.id)) ?? release
      for (const each of lane === undefined ? (["line", "beside"] as const) : [lane]) now = await run(now, { ...options, lane: each })
      return now
    } catch (thrown) {
      // Killed by whatever ran beside, too: the store of that life is closed.
      if (this.#lives !== life) return "killed"
      throw thrown
    } finally {
      this.#moment = () => {}
    }
  }

  async #effect<T>(effect: Promise<T>): Promise<T> {
    const result = await effect
    this.#moment()
    return result
  }

  /** Users of a version since it first ran. */
  traffic(version: string, counts: { requests: number; serverErrors?: number }): void {
    this.edge.setLoad(version, { counters: { serverErrors: 0, ...counts } })
    const share = (count: number) => Math.floor(count / 4)
    const cells = [1, 2, 3, 4].map((client) => cell({ client, pairs: share(counts.requests), onlyNewer: share(counts.serverErrors ?? 0) }))
    const older = this.current
    if (older !== undefined && older !== version) this.edge.setComparison({ newer: version, older, cells, before: {} })
  }

  async end(): Promise<void> {
    await this.#store?.close()
    rmSync(this.#environmentFolder, { recursive: true, force: true })
  }
}
