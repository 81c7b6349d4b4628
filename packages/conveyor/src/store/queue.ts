// The port of the queue: runs and what was asked about them, of now and of the past. Every write is fenced by the lease, and
// is one transaction whatever it touches.
import type { Asker, ReleaseKind, ReleaseRecord, ReleaseState, RequestRecord } from "./records.ts"

export interface Wish {
  /** What a contract, an abort or a repack is about. */
  change?: string
  /** The one that was pushed. */
  branch?: string | undefined
  asker?: Asker
}

export interface Queue {
  /**
   * A run that waits, with who asked for it. A push names its branch: what still waits of the same branch is superseded by
   * it, in the same transaction.
   */
  enqueue: (kind: ReleaseKind, version: string, wish?: Wish) => Promise<ReleaseRecord>
  find: (run: number) => Promise<ReleaseRecord | undefined>
  /** Oldest first. For what is seldom asked: there may be tens of thousands. */
  all: () => Promise<ReleaseRecord[]>
  /** Oldest first. */
  inState: (...states: ReleaseState[]) => Promise<ReleaseRecord[]>
  /** Runs about a version, oldest first. */
  ofVersion: (version: string) => Promise<ReleaseRecord[]>
  /** A page of the past: `count` runs from before that one, the newest first. */
  before: (run: number, count: number) => Promise<ReleaseRecord[]>
  /** @throws ConveyorError "illegal-event" where the run has ended: its outcome stays what it was. */
  setState: (run: number, state: ReleaseState, reason?: string) => Promise<ReleaseRecord>
  /** Kept before what was asked for is done. */
  requested: (what: Pick<RequestRecord, "action" | "subject" | "run">, asker: Asker) => Promise<RequestRecord>
  /** What was asked about a run, oldest first. */
  requestsFor: (run: number) => Promise<RequestRecord[]>
}
