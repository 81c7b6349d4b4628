// A runtime without processes, for tests of what stands on the port. It passes the same contract as the real ones.
import { ConveyorError } from "../kernel/errors.ts"
import type { Copy, CopySpec, Runtime, StopOutcome } from "./runtime.ts"

export class FakeRuntime implements Runtime {
  /** Every stop, in order, as "v1-web-0: stopped". */
  readonly stops: string[] = []
  readonly #copies = new Map<string, Copy>()
  readonly #deaf = new Set<string>()
  #count = 0

  async list(): Promise<Copy[]> {
    return [...this.#copies.values()].map((copy) => ({ ...copy }))
  }

  async start(spec: CopySpec, signal: AbortSignal): Promise<Copy> {
    signal.throwIfAborted()
    const { service, version, release, index, artifact } = spec
    for (const copy of this.#copies.values()) {
      if (copy.state === "running" && copy.service === service && copy.version === version && copy.index === index) return { ...copy }
    }
    this.#count += 1
    const id = `${version}-${service}-${index}-${this.#count}`
    const address = { host: "127.0.0.1", port: 10_000 + this.#count }
    const copy: Copy = { id, service, version, release, index, artifact: artifact.id, address, state: "running", startedAt: 0, logFile: "" }
    this.#copies.set(id, copy)
    if (spec.command === "ignores SIGTERM") this.#deaf.add(id)
    return { ...copy }
  }

  async stop(id: string, { signal }: { graceMs: number; signal: AbortSignal }): Promise<StopOutcome> {
    signal.throwIfAborted()
    const copy = this.#copies.get(id)
    this.#copies.delete(id)
    if (copy?.state !== "running") return "was-gone"
    const outcome = this.#deaf.has(id) ? "killed" : "stopped"
    this.stops.push(`${copy.version}-${copy.service}-${copy.index}: ${outcome}`)
    return outcome
  }

  /** The copy ends by itself. */
  crash(id: string): void {
    const copy = this.#copies.get(id)
    if (copy === undefined) throw new ConveyorError("no-such-copy", `there is no copy ${id}`)
    this.#copies.set(id, { ...copy, state: "exited" })
  }
}
