// state.db: versions, releases and their journal. Written only by the holder of the lease, read by anybody.
import type { DatabaseSync, SQLOutputValue } from "node:sqlite"
import { fileURLToPath } from "node:url"
import type { ArtifactRef } from "../kernel/artifact.ts"
import type { Clock } from "../kernel/clock.ts"
import { inTransaction, openDatabase } from "../kernel/database/database.ts"
import { ConveyorError } from "../kernel/errors.ts"
import type { Facts } from "../kernel/errors.ts"
import { identify, isAlive } from "../kernel/process-identity.ts"
import type {
  Asker,
  JournalEvent,
  JournalEventName,
  ReleaseKind,
  ReleaseRecord,
  ReleaseState,
  RequestRecord,
  VersionRecord,
  WhyIllegal,
} from "./records.ts"
import { hasEnded } from "./records.ts"

const migrations = fileURLToPath(new URL("migrations", import.meta.url))

interface Wish {
  change?: string
  branch?: string | undefined
  asker?: Asker
}

type Row = Record<string, SQLOutputValue>

export class Store {
  readonly #database: DatabaseSync
  readonly #clock: Clock
  readonly #whyIllegal: WhyIllegal
  #token: number | undefined

  /** `whyIllegal` says what a run's journal may hold next: a line that could not have happened is never written. */
  constructor(file: string, clock: Clock, whyIllegal: WhyIllegal) {
    this.#database = openDatabase(file, migrations)
    this.#clock = clock
    this.#whyIllegal = whyIllegal
  }

  close(): void {
    this.#database.close()
  }

  /**
   * Makes this process the one that may write. Gives the fencing token.
   * @throws ConveyorError "lease-held" while the process that holds it lives.
   */
  takeLease(): number {
    const self = identify(process.pid)
    if (self === undefined) throw new ConveyorError("no-identity", "this process cannot find itself in the process table")
    this.#token = inTransaction(this.#database, () => {
      const held = this.#database.prepare("SELECT * FROM lease").get()
      if (held !== undefined && held["pid"] !== self.pid && isAlive({ pid: Number(held["pid"]), startTime: String(held["start_time"]) })) {
        throw new ConveyorError("lease-held", `another control plane works on this state: process ${String(held["pid"])}`, {
          facts: { pid: held["pid"], since: held["taken_at"] },
          hint: "Use that one (`conveyor status`), or stop it first (`conveyor down`).",
        })
      }
      const token = Number(held?.["token"] ?? 0) + 1
      this.#database
        .prepare("INSERT OR REPLACE INTO lease (id, token, pid, start_time, taken_at) VALUES (1, ?, ?, ?, ?)")
        .run(token, self.pid, self.startTime, this.#clock.now())
      return token
    })
    return this.#token
  }

  /** The commit's version, made where it has none yet. */
  versionOf(commit: string, subject: string): VersionRecord {
    return this.#write(() => {
      const known = this.#database.prepare("SELECT * FROM version WHERE commit_sha = ?").get(commit)
      if (known !== undefined) return toVersion(known)
      this.#database
        .prepare("INSERT INTO version (commit_sha, subject, created_at) VALUES (?, ?, ?)")
        .run(commit, subject, this.#clock.now())
      return toVersion(this.#one("SELECT * FROM version WHERE commit_sha = ?", commit))
    })
  }

  version(name: string): VersionRecord | undefined {
    const row = this.#database.prepare("SELECT * FROM version WHERE number = ?").get(numberOf(name))
    return row === undefined ? undefined : toVersion(row)
  }

  versions(): VersionRecord[] {
    return this.#database.prepare("SELECT * FROM version ORDER BY number").all().map(toVersion)
  }

  /** Versions whose rollback window was opened and not closed yet. */
  warmVersions(): VersionRecord[] {
    return this.#database.prepare("SELECT * FROM version WHERE warm_until IS NOT NULL ORDER BY number").all().map(toVersion)
  }

  built(version: string, artifact: ArtifactRef, changes: readonly string[]): void {
    this.#write(() =>
      this.#database
        .prepare("UPDATE version SET artifact = ?, changes = ? WHERE number = ?")
        .run(JSON.stringify(artifact), JSON.stringify(changes), numberOf(version)),
    )
  }

  /** Opens the rollback window of a version until `until`, or closes it (undefined) because the version is current. */
  keepWarm(version: string, until: number | undefined): void {
    this.#write(() =>
      this.#database.prepare("UPDATE version SET warm_until = ?, stopped_at = NULL WHERE number = ?").run(until ?? null, numberOf(version)),
    )
  }

  stopped(version: string): void {
    this.#write(() =>
      this.#database
        .prepare("UPDATE version SET warm_until = NULL, stopped_at = ? WHERE number = ?")
        .run(this.#clock.now(), numberOf(version)),
    )
  }

  /**
   * A contract or an abort names its change, and a version that has it in its commit. Who asked is kept with it. A push names
   * its branch: what still waits of the same branch is superseded by it, in the same transaction.
   */
  enqueue(kind: ReleaseKind, version: string, { change, branch, asker }: Wish = {}): ReleaseRecord {
    return this.#write(() => {
      const now = this.#clock.now()
      const { lastInsertRowid } = this.#database
        .prepare("INSERT INTO release (kind, version, change, branch, requested_at, state) VALUES (?, ?, ?, ?, ?, 'queued')")
        .run(kind, numberOf(version), change ?? null, branch ?? null, now)
      const run = Number(lastInsertRowid)
      if (branch !== undefined) {
        this.#database
          .prepare(
            "UPDATE release SET state = 'superseded', superseded_by = ?, reason = ?, ended_at = ? WHERE state = 'queued' AND branch = ? AND id < ?",
          )
          .run(run, `${version} was pushed to ${branch} after it, and takes its place: run ${run}`, now, branch, run)
      }
      if (asker !== undefined) this.#request({ action: kind, subject: change ?? version, run }, asker)
      return this.#release(run)
    })
  }

  /** Kept before what was asked for is done. */
  requested(what: Pick<RequestRecord, "action" | "subject" | "run">, asker: Asker): RequestRecord {
    return this.#write(() => this.#request(what, asker))
  }

  /** What was asked about a run, oldest first. */
  requestsFor(run: number): RequestRecord[] {
    return this.#database.prepare("SELECT * FROM request WHERE run = ? ORDER BY seq").all(run).map(toRequest)
  }

  release(id: number): ReleaseRecord | undefined {
    const row = this.#database.prepare(`${selectRelease} WHERE r.id = ?`).get(id)
    return row === undefined ? undefined : toRelease(row)
  }

  /** Oldest first. */
  releases(states?: readonly ReleaseState[]): ReleaseRecord[] {
    // Asked each second for the few that wait or run, of however many there ever were.
    const where = states === undefined ? "" : `WHERE r.state IN (${states.map(() => "?").join(", ")})`
    return this.#database
      .prepare(`${selectRelease} ${where} ORDER BY r.id`)
      .all(...(states ?? []))
      .map(toRelease)
  }

  /** The newest `count`, oldest of them first. */
  newestReleases(count: number): ReleaseRecord[] {
    return this.releasesBefore(Number.MAX_SAFE_INTEGER, count).toReversed()
  }

  /** A page of the past, the newest first. */
  releasesBefore(id: number, count: number): ReleaseRecord[] {
    return this.#database.prepare(`${selectRelease} WHERE r.id < ? ORDER BY r.id DESC LIMIT ?`).all(id, count).map(toRelease)
  }

  /** @throws ConveyorError "illegal-event" where the run has ended: its outcome stays what it was. */
  setState(id: number, state: ReleaseState, reason?: string): ReleaseRecord {
    const endedAt = hasEnded(state) ? this.#clock.now() : null
    return this.#write(() => {
      const { kind, state: was } = this.#release(id)
      if (hasEnded(was)) throw illegal(`run ${id} (${kind}) has ended: it is ${was}, and does not become ${state}`, { run: id, was, state })
      this.#database.prepare("UPDATE release SET state = ?, reason = ?, ended_at = ? WHERE id = ?").run(state, reason ?? null, endedAt, id)
      return this.#release(id)
    })
  }

  /**
   * Appends one event; it is on disk when this returns.
   * @throws ConveyorError "illegal-event" where it cannot follow what is there; nothing is written then.
   */
  record(release: number, step: string, event: JournalEventName, facts: Facts = {}): JournalEvent {
    return this.#write(() => {
      const why = this.#whyIllegal(this.#release(release), this.journal(release), { step, event })
      if (why !== undefined) throw illegal(`"${step} ${event}" of run ${release} is not written: ${why}`, { run: release, step, event })
      const at = this.#clock.now()
      const fence = this.#token ?? 0
      const { lastInsertRowid } = this.#database
        .prepare("INSERT INTO journal (release, step, event, at, fence, facts) VALUES (?, ?, ?, ?, ?, ?)")
        .run(release, step, event, at, fence, JSON.stringify(facts))
      return { seq: Number(lastInsertRowid), release, step, event, at, fence, facts }
    })
  }

  journal(release: number): JournalEvent[] {
    return this.#database.prepare("SELECT * FROM journal WHERE release = ? ORDER BY seq").all(release).map(toEvent)
  }

  #request({ action, subject, run }: Pick<RequestRecord, "action" | "subject" | "run">, { actor, reason, proof }: Asker): RequestRecord {
    const { lastInsertRowid } = this.#database
      .prepare("INSERT INTO request (at, fence, action, subject, run, actor, reason, proof) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .run(this.#clock.now(), this.#token ?? 0, action, subject, run ?? null, actor ?? null, reason ?? null, proof)
    return toRequest(this.#one("SELECT * FROM request WHERE seq = ?", Number(lastInsertRowid)))
  }

  #release(id: number): ReleaseRecord {
    return toRelease(this.#one(`${selectRelease} WHERE r.id = ?`, id))
  }

  #one(sql: string, ...values: (string | number)[]): Row {
    const row = this.#database.prepare(sql).get(...values)
    if (row === undefined)
      throw new ConveyorError("no-such-record", `state.db has no record for ${values.join(", ")}`, { facts: { sql, values } })
    return row
  }

  /** Every write is fenced: whoever lost the lease cannot write any more. */
  #write<T>(work: () => T): T {
    return inTransaction(this.#database, () => {
      const token = Number(this.#database.prepare("SELECT token FROM lease").get()?.["token"] ?? 0)
      if (this.#token !== token) {
        throw new ConveyorError(
          "lease-lost",
          `this process may not write: its fencing token is ${this.#token ?? "none"}, the lease's is ${token}`,
          {
            facts: { own: this.#token, current: token },
            hint: "Another control plane took over; ask it (`conveyor status`).",
          },
        )
      }
      return work()
    })
  }
}

const illegal = (message: string, facts: Facts) =>
  new ConveyorError("illegal-event", message, { facts, hint: "conveyor status shows how far the run has come." })

const selectRelease = "SELECT r.*, v.commit_sha FROM release r JOIN version v ON v.number = r.version"

function numberOf(version: string): number {
  const found = /^v(\d+)$/.exec(version)
  if (found === null) {
    throw new ConveyorError("bad-version", `"${version}" is not a version`, {
      facts: { version },
      hint: "A version is written v42; `conveyor status` lists them.",
    })
  }
  return Number(found[1])
}

const optionalNumber = (value: SQLOutputValue | undefined) => (value === null || value === undefined ? undefined : Number(value))
const optionalText = (value: SQLOutputValue | undefined) => (value === null || value === undefined ? undefined : String(value))

function toVersion(row: Row): VersionRecord {
  const artifact = optionalText(row["artifact"])
  const changes = optionalText(row["changes"])
  return {
    name: `v${String(row["number"])}`,
    commit: String(row["commit_sha"]),
    subject: String(row["subject"]),
    createdAt: Number(row["created_at"]),
    artifact: artifact === undefined ? undefined : (JSON.parse(artifact) as ArtifactRef),
    changes: changes === undefined ? undefined : (JSON.parse(changes) as string[]),
    warmUntil: optionalNumber(row["warm_until"]),
    stoppedAt: optionalNumber(row["stopped_at"]),
  }
}

function toRelease(row: Row): ReleaseRecord {
  return {
    id: Number(row["id"]),
    kind: String(row["kind"]) as ReleaseKind,
    version: `v${String(row["version"])}`,
    commit: String(row["commit_sha"]),
    change: optionalText(row["change"]),
    branch: optionalText(row["branch"]),
    supersededBy: optionalNumber(row["superseded_by"]),
    requestedAt: Number(row["requested_at"]),
    state: String(row["state"]) as ReleaseState,
    reason: optionalText(row["reason"]),
    endedAt: optionalNumber(row["ended_at"]),
  }
}

function toRequest(row: Row): RequestRecord {
  return {
    seq: Number(row["seq"]),
    at: Number(row["at"]),
    action: String(row["action"]),
    subject: String(row["subject"]),
    run: optionalNumber(row["run"]),
    actor: optionalText(row["actor"]),
    reason: optionalText(row["reason"]),
    proof: String(row["proof"]),
  }
}

function toEvent(row: Row): JournalEvent {
  return {
    seq: Number(row["seq"]),
    release: Number(row["release"]),
    step: String(row["step"]),
    event: String(row["event"]) as JournalEventName,
    at: Number(row["at"]),
    fence: Number(row["fence"]),
    facts: JSON.parse(String(row["facts"])) as Facts,
  }
}
