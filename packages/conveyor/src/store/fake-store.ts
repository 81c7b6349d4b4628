// A store in memory, for tests of whoever only needs one: it passes the same suite. Several that are opened on one memory are
// several control planes.
import type { Clock } from "../kernel/time/clock.ts"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { assertLegal, assertNotEnded } from "./illegal-event.ts"
import type { Lease } from "./lease.ts"
import { leaseHeld, leaseLost } from "./lease-errors.ts"
import type { Journal } from "./journal.ts"
import type { Queue } from "./queue.ts"
import { hasEnded } from "./records.ts"
import type { JournalEvent, ReleaseRecord, RequestRecord, VersionRecord, WhyIllegal } from "./records.ts"
import type { Store } from "./store.ts"
import { numberOf } from "./version-number.ts"
import type { Versions } from "./versions.ts"

/** What outlives whoever opened it. */
export class FakeMemory {
  readonly versions: VersionRecord[] = []
  readonly runs: ReleaseRecord[] = []
  readonly requests: RequestRecord[] = []
  readonly events: JournalEvent[] = []
  lease = { token: 0, holder: "nobody", since: 0, until: 0 }
}

export interface FakeStoreOptions {
  clock: Clock
  whyIllegal: WhyIllegal
  holder?: string
}

export class FakeStore implements Store {
  readonly journal: Journal
  readonly versions: Versions
  readonly queue: Queue
  readonly lease: Lease
  readonly #memory: FakeMemory
  readonly #clock: Clock
  #token: number | undefined
  #isClosed = false

  constructor(memory: FakeMemory, { clock, whyIllegal, holder = "this process" }: FakeStoreOptions) {
    this.#memory = memory
    this.#clock = clock
    this.lease = this.#leaseFor(holder)
    this.versions = this.#makeVersions()
    this.queue = this.#makeQueue()
    this.journal = this.#makeJournal(whyIllegal)
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  /** What is given is a copy: records are values. */
  async #read<T>(work: (memory: FakeMemory) => T): Promise<T> {
    if (this.#isClosed) throw new Error("the store is closed")
    return structuredClone(work(this.#memory))
  }

  #write<T>(work: (memory: FakeMemory) => T): Promise<T> {
    return this.#read((memory) => {
      if (this.#token !== memory.lease.token) throw leaseLost(this.#token, memory.lease.token)
      return work(memory)
    })
  }

  #leaseFor(holder: string): Lease {
    const now = () => this.#clock.now()
    return {
      acquire: (forMs) =>
        this.#read((memory) => {
          const held = memory.lease
          if (held.holder !== holder && held.until > now()) throw leaseHeld(held)
          memory.lease = { token: held.token + 1, holder, since: now(), until: now() + forMs }
          this.#token = memory.lease.token
          return this.#token
        }),
      renew: (forMs) => this.#write(({ lease }) => void (lease.until = now() + forMs)),
      release: () =>
        this.#read(({ lease }) => {
          if (lease.token === this.#token) lease.until = 0
          this.#token = undefined
        }),
    }
  }

  #makeVersions(): Versions {
    const set = (name: string, what: Partial<VersionRecord>) =>
      this.#write(({ versions }) => void Object.assign(versions[numberOf(name) - 1] ?? {}, structuredClone(what)))
    return {
      ensure: (commit, subject, environment) =>
        this.#write(({ versions }) => {
          const known = versions.find((version) => version.commit === commit && version.environment?.id === environment?.id)
          if (known !== undefined) return known
          const unset = { artifact: undefined, changes: undefined, warmUntil: undefined, stoppedAt: undefined }
          const made = { name: `v${versions.length + 1}`, commit, subject, environment, createdAt: this.#clock.now(), ...unset }
          versions.push(made)
          return made
        }),
      find: (name) => this.#read(({ versions }) => versions[numberOf(name) - 1]),
      ofCommit: (commit) => this.#read(({ versions }) => versions.findLast((version) => version.commit === commit)),
      all: () => this.#read(({ versions }) => versions),
      newest: (count) => this.#read(({ versions }) => versions.slice(Math.max(0, versions.length - count))),
      newestBuilt: () => this.#read(({ versions }) => versions.findLast(isBuilt)),
      newestWith: (change) => this.#read(({ versions }) => versions.findLast(({ changes }) => changes?.includes(change) === true)),
      oneOfEachChanges: () =>
        this.#read(({ versions }) => {
          const byChanges = Map.groupBy(versions.filter(isBuilt), ({ changes }) => JSON.stringify(changes))
          return [...byChanges.values()].flatMap(([oldest]) => oldest ?? [])
        }),
      warm: () => this.#read(({ versions }) => versions.filter(({ warmUntil }) => warmUntil !== undefined)),
      built: (name, artifact, changes) => set(name, { artifact, changes }),
      keepWarm: (name, warmUntil) => set(name, { warmUntil, stoppedAt: undefined }),
      stopped: (name) => set(name, { warmUntil: undefined, stoppedAt: this.#clock.now() }),
    }
  }

  #makeQueue(): Queue {
    const request = (memory: FakeMemory, what: Omit<RequestRecord, "seq" | "at">): RequestRecord => {
      const made = { seq: memory.requests.length + 1, at: this.#clock.now(), ...what }
      memory.requests.push(made)
      return made
    }
    return {
      enqueue: (kind, version, { change, branch, asker } = {}) =>
        this.#write((memory) => {
          const commit = memory.versions[numberOf(version) - 1]?.commit
          if (commit === undefined) throw noSuchRecord(version)
          const requestedAt = this.#clock.now()
          const run = { id: memory.runs.length + 1, kind, version, commit, change, branch, supersededBy: undefined, requestedAt }
          const waiting = memory.runs.filter((other) => other.state === "queued" && branch !== undefined && other.branch === branch)
          const reason = `${version} was pushed to ${branch} after it, and takes its place: run ${run.id}`
          for (const other of waiting) Object.assign(other, { state: "superseded", supersededBy: run.id, reason, endedAt: requestedAt })
          const made: ReleaseRecord = { ...run, state: "queued", reason: undefined, endedAt: undefined }
          memory.runs.push(made)
          if (asker !== undefined) request(memory, { action: kind, subject: change ?? version, run: run.id, ...asker })
          return made
        }),
      find: (id) => this.#read(({ runs }) => runs[id - 1]),
      all: () => this.#read(({ runs }) => runs),
      inState: (...states) => this.#read(({ runs }) => runs.filter(({ state }) => states.includes(state))),
      ofVersion: (version) => this.#read(({ runs }) => runs.filter((run) => run.version === version)),
      before: (id, count) =>
        this.#read(({ runs }) => runs.slice(Math.max(0, Math.min(id - 1, runs.length) - count), Math.max(0, id - 1)).toReversed()),
      setState: (id, state, reason) =>
        this.#write((memory) => {
          const run = existing(memory, id)
          assertNotEnded(run, state)
          return Object.assign(run, { state, reason, endedAt: hasEnded(state) ? this.#clock.now() : undefined })
        }),
      requested: (what, asker) => this.#write((memory) => request(memory, { ...what, ...asker })),
      requestsFor: (id) => this.#read(({ requests }) => requests.filter(({ run }) => run === id)),
    }
  }

  #makeJournal(whyIllegal: WhyIllegal): Journal {
    const eventsOf = ({ events }: FakeMemory, run: number) => events.filter(({ release }) => release === run)
    return {
      record: (release, step, event, facts = {}) =>
        this.#write((memory) => {
          assertLegal(whyIllegal, existing(memory, release), eventsOf(memory, release), { step, event })
          const seq = memory.events.length + 1
          // As a file would keep them: nothing that JSON does not have.
          const kept = JSON.parse(JSON.stringify(facts)) as JournalEvent["facts"]
          const made = { seq, release, step, event, at: this.#clock.now(), fence: memory.lease.token, facts: kept }
          memory.events.push(made)
          return made
        }),
      of: (run) => this.#read((memory) => eventsOf(memory, run)),
    }
  }
}

const isBuilt = ({ artifact }: VersionRecord) => artifact !== undefined

function existing({ runs }: FakeMemory, id: number): ReleaseRecord {
  const found = runs[id - 1]
  if (found !== undefined) return found
  throw noSuchRecord(id)
}

const noSuchRecord = (what: string | number) => new ConveyorError("no-such-record", `there is no record for ${what}`, { facts: { what } })
