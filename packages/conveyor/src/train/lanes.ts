// What is under way, by lane: in line one run at a time, and beside it what has done what was asked and only makes room (a
// page left open for its quarter of an hour holds nobody's next release). Called by the control plane.
import { laneOf } from "../release/machine.ts"
import type { Lane } from "../release/machine.ts"
import type { Ports } from "../release/ports.ts"
import { plans } from "../release/plan.ts"
import type { ReleaseRecord } from "../store/records.ts"

export interface UnderWay {
  release: ReleaseRecord
  lane: Lane
  controller: AbortController
  /** Resolves when it is out of its lane, however that came. */
  over: Promise<unknown>
}

type Records = Pick<Ports, "queue" | "journal" | "versions">

export class Lanes {
  readonly #ports: Records
  readonly #underWay = new Map<number, UnderWay>()

  constructor(ports: Records) {
    this.#ports = ports
  }

  get inLine(): UnderWay | undefined {
    return this.all.find(({ lane }) => lane === "line")
  }

  get all(): UnderWay[] {
    return [...this.#underWay.values()]
  }

  find(id: number): UnderWay | undefined {
    return this.#underWay.get(id)
  }

  /** What waits or was under way, by lane, as the journal says; without what is being carried out. */
  async waiting(): Promise<Record<Lane, ReleaseRecord[]>> {
    const waiting: Record<Lane, ReleaseRecord[]> = { line: [], beside: [] }
    for (const release of await this.#ports.queue.inState("queued", "running")) {
      const { id, kind, state } = release
      const lane = state === "queued" ? "line" : laneOf(plans[kind], await this.#ports.journal.of(id))
      if (!this.#underWay.has(id)) waiting[lane].push(release)
    }
    return waiting
  }

  /** Gives what the work gives, once it is out of its lane. */
  async carry<T>(release: ReleaseRecord, lane: Lane, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const result = work(controller.signal)
    const over = Promise.allSettled([result])
    this.#underWay.set(release.id, { release, lane, controller, over })
    try {
      return await result
    } finally {
      this.#underWay.delete(release.id)
    }
  }

  /**
   * Before a run begins that brings back what may just be given up: whoever makes room ends at once, and is waited for. A
   * version that was never built is nobody's to give up, and is not waited for.
   */
  async makeWayFor({ kind, version, state }: ReleaseRecord, reason: Error): Promise<void> {
    const isNew = kind === "release" && (await this.#ports.versions.find(version))?.artifact === undefined
    // One that is carried on after a crash had its way made when it began.
    if (state === "running" || isNew) return
    const beside = this.all.filter(({ lane }) => lane === "beside")
    for (const { controller } of beside) controller.abort(reason)
    await Promise.all(beside.map(({ over }) => over))
  }
}
