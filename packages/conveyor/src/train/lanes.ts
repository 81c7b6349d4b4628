// What is under way, by lane: in line one run at a time, and beside it what has done what was asked and only makes room (a
// page left open for its quarter of an hour holds nobody's next release). Called by the control plane.
import { laneOf } from "../release/machine.ts"
import type { Lane } from "../release/machine.ts"
import { plans } from "../release/plan.ts"
import type { ReleaseRecord } from "../store/records.ts"
import type { Store } from "../store/store.ts"

export interface UnderWay {
  release: ReleaseRecord
  lane: Lane
  controller: AbortController
  /** Resolves when it is out of its lane, however that came. */
  over: Promise<unknown>
}

export class Lanes {
  readonly #store: Store
  readonly #underWay = new Map<number, UnderWay>()

  constructor(store: Store) {
    this.#store = store
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
  waiting(): Record<Lane, ReleaseRecord[]> {
    const all = this.#store.releases(["queued", "running"]).filter(({ id }) => !this.#underWay.has(id))
    const lane = ({ id, kind, state }: ReleaseRecord) => (state === "queued" ? "line" : laneOf(plans[kind], this.#store.journal(id)))
    return { line: all.filter((release) => lane(release) === "line"), beside: all.filter((release) => lane(release) === "beside") }
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
    const isNew = kind === "release" && this.#store.version(version)?.artifact === undefined
    // One that is carried on after a crash had its way made when it began.
    if (state === "running" || isNew) return
    const beside = this.all.filter(({ lane }) => lane === "beside")
    for (const { controller } of beside) controller.abort(reason)
    await Promise.all(beside.map(({ over }) => over))
  }
}
