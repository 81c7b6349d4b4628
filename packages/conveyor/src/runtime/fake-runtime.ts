// A runtime without processes, for tests of what stands on the port. It passes the same contract as the real ones.
import { ConveyorError } from "../kernel/errors/errors.ts"
import { revealed } from "../kernel/secret.ts"
import { afterEnd, decide, hasEnded, newCrashLoops } from "./reconcile.ts"
import { restsOf, withoutSecrets } from "./runtime.ts"
import type {
  Copy,
  CopyEnd,
  ExecOptions,
  KeptService,
  LogLine,
  LogOptions,
  Runtime,
  RuntimeEvent,
  RuntimeObservation,
  ServiceSpec,
  Standing,
  StopOutcome,
  Work,
} from "./runtime.ts"

export class FakeRuntime implements Runtime {
  readonly starts = ["directory"]
  /** Every stop, in order, as "v1-web-0: stopped". */
  readonly stops: string[] = []
  /** Commands whose copies end as soon as they are started. */
  readonly endAtOnce = new Set<string>()
  /** What was run once, in order, as "web v1: echo". */
  readonly commands: string[] = []
  /** By version, as its copies know it. */
  readonly standings = new Map<string, Standing>()
  readonly #wanted = new Map<string, KeptService>()
  readonly #copies = new Map<string, Copy>()
  readonly #deaf = new Set<string>()
  readonly #told = new Set<string>()
  readonly #usurped = new Set<string>()
  readonly #output = new Map<string, string[]>()
  readonly #now: () => number
  #count = 0

  constructor(now: () => number = () => 0) {
    this.#now = now
  }

  async observe(signal: AbortSignal): Promise<RuntimeObservation> {
    signal.throwIfAborted()
    const wanted = [...this.#wanted.values()].map(withoutSecrets)
    return { copies: this.copies(), wanted }
  }

  async want(specs: readonly ServiceSpec[], signal: AbortSignal): Promise<Copy[]> {
    signal.throwIfAborted()
    for (const { artifact } of specs)
      if (!this.starts.includes(artifact.kind)) throw new ConveyorError("artifact-kind", `it starts no ${artifact.kind}`)
    const kept = specs.map((spec) => this.#keep(spec))
    this.#round(kept, Infinity)
    return this.copies().filter((copy) => kept.some(({ service, version }) => copy.service === service && copy.version === version))
  }

  async unwant(version: string, signal: AbortSignal): Promise<StopOutcome[]> {
    signal.throwIfAborted()
    for (const [key, spec] of this.#wanted) if (spec.version === version) this.#wanted.delete(key)
    this.standings.delete(version)
    return this.copies()
      .filter((copy) => copy.version === version)
      .map((copy) => this.#stop(copy.id))
  }

  async rest(version: string, signal: AbortSignal): Promise<StopOutcome[]> {
    signal.throwIfAborted()
    const resting = this.#setWork(version, "resting")
    return this.copies()
      .filter((copy) => copy.version === version && resting.includes(copy.service))
      .map((copy) => this.#stop(copy.id))
  }

  async wake(version: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#setWork(version, "working")
  }

  /** Gives the services that it is about. */
  #setWork(version: string, work: Work): string[] {
    const own = [...this.#wanted].filter(([, spec]) => spec.version === version && restsOf(spec))
    for (const [key, spec] of own) this.#wanted.set(key, { ...spec, work })
    return own.map(([, { service }]) => service)
  }

  async stop(id: string, { signal }: { graceMs: number; signal: AbortSignal }): Promise<StopOutcome> {
    signal.throwIfAborted()
    return this.#stop(id)
  }

  async reconcile(signal: AbortSignal): Promise<RuntimeEvent[]> {
    signal.throwIfAborted()
    const loops = newCrashLoops(this.copies(), this.#told)
    return [...loops, ...this.#round([...this.#wanted.values()], this.#now())]
  }

  async holdsAddress(id: string, signal: AbortSignal): Promise<"yes" | "no"> {
    signal.throwIfAborted()
    return this.#copies.get(id)?.state === "running" && !this.#usurped.has(id) ? "yes" : "no"
  }

  async *logs(id: string, { since, last, signal }: LogOptions): AsyncGenerator<LogLine> {
    const lines = this.#output.get(id) ?? []
    const from = since === undefined ? Math.max(0, lines.length - (last ?? lines.length)) : Number(since)
    for (const [i, text] of lines.slice(from).entries()) {
      signal.throwIfAborted()
      yield { text, next: String(from + i + 1) }
    }
  }

  async exec(id: string, options: ExecOptions): Promise<number> {
    options.signal.throwIfAborted()
    const copy = this.#copies.get(id)
    if (copy?.state !== "running") throw new ConveyorError("no-such-copy", `there is no running copy ${id}`)
    return this.#say(options, { CONVEYOR_COPY: id })
  }

  async run(spec: ServiceSpec, options: ExecOptions): Promise<number> {
    options.signal.throwIfAborted()
    this.commands.push(`${spec.service} ${spec.version}: ${options.command}`)
    const kept = this.#wanted.get(`${spec.version} ${spec.service}`) ?? spec
    return this.#say(options, { ...revealed(kept.environment), CONVEYOR_VERSION: spec.version })
  }

  /** Knows "echo ...; exit N" alone. */
  async #say({ command, onOutput }: ExecOptions, environment: Readonly<Record<string, string>>): Promise<number> {
    const [, text = "", code = "127"] = /^echo (.*); exit (\d+)$/.exec(command) ?? []
    await onOutput({ stream: "out", text: `${text.replaceAll(/\$(\w+)/g, (_, name: string) => environment[name] ?? "")}\n` })
    return Number(code)
  }

  async giveUp(id: string, { reason, signal }: { reason: string; graceMs: number; signal: AbortSignal }): Promise<StopOutcome> {
    signal.throwIfAborted()
    const copy = this.#copies.get(id)
    if (copy === undefined || hasEnded(copy)) return "was-gone"
    this.#end(copy, { reason, at: this.#now(), how: "given-up" })
    return "stopped"
  }

  async tell(version: string, standing: Standing, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.standings.set(version, standing)
  }

  copies(): Copy[] {
    return [...this.#copies.values()].map((copy) => ({ ...copy }))
  }

  /** The copy says this. */
  print(id: string, ...lines: string[]): void {
    this.#output.set(id, [...(this.#output.get(id) ?? []), ...lines])
  }

  /** Somebody else listens where the copy should. */
  usurp(id: string): void {
    this.#usurped.add(id)
  }

  /** The copy ends by itself. */
  crash(id: string): void {
    const copy = this.#copies.get(id)
    if (copy === undefined) throw new ConveyorError("no-such-copy", `there is no copy ${id}`)
    this.#end(copy, { reason: "signal SIGKILL", at: this.#now(), how: "by-itself" })
  }

  #end(copy: Copy, end: CopyEnd): void {
    this.#copies.set(copy.id, { ...copy, end, ...afterEnd(copy, end) })
  }

  #keep(spec: ServiceSpec): KeptService {
    const key = `${spec.version} ${spec.service}`
    const { copies, health, startWithinMs, stopGraceMs } = spec
    const kept = { ...(this.#wanted.get(key) ?? { ...spec, work: "working" as const }), copies, health, startWithinMs, stopGraceMs }
    this.#wanted.set(key, kept)
    return kept
  }

  #round(wanted: readonly KeptService[], now: number): RuntimeEvent[] {
    return decide(wanted, this.copies(), now).map((decision) => {
      if (decision.do === "start") return { event: "started", copy: this.#fill(decision.wanted, decision.index, 0) }
      const { copy } = decision
      this.#stop(copy.id)
      if (decision.do === "stop") return { event: "stopped-surplus", copy }
      const next = this.#fill(decision.wanted, copy.index, decision.restarts, copy.end)
      return { event: "restarted", copy: next, reason: copy.end?.reason ?? "" }
    })
  }

  #fill(spec: ServiceSpec, index: number, restarts: number, before?: CopyEnd): Copy {
    this.#count += 1
    const { service, version, release, artifact } = spec
    const id = `${version}-${service}-${index}-${this.#count}`
    const address = { host: "127.0.0.1", port: 10_000 + this.#count }
    const copy: Copy = {
      id,
      service,
      version,
      release,
      index,
      artifact: artifact.id,
      node: "here",
      address,
      state: "running",
      startedAt: this.#now(),
      restarts,
      ...(before !== undefined && { before }),
    }
    this.#copies.set(id, copy)
    if (spec.command === "ignores SIGTERM") this.#deaf.add(id)
    if (this.endAtOnce.has(spec.command)) this.crash(id)
    return this.#copies.get(id) ?? copy
  }

  #stop(id: string): StopOutcome {
    const copy = this.#copies.get(id)
    this.#copies.delete(id)
    if (copy === undefined || hasEnded(copy)) return "was-gone"
    const outcome = this.#deaf.delete(id) ? "killed" : "stopped"
    this.stops.push(`${copy.version}-${copy.service}-${copy.index}: ${outcome}`)
    return outcome
  }
}
