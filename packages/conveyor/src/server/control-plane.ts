// The control plane: takes requests, carries out one run after the other (what makes room goes on beside), and keeps copies. Everything it
// knows can be read again from the store, the shards, the runtime and the edge: killing it loses nothing.
import type { ChangeStatus } from "../change/engine.ts"
import { seconds } from "../kernel/time/duration.ts"
import type { Config } from "../config/config.ts"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import { Interrupted } from "../release/journal.ts"
import { checkUp } from "../release/copies/checkup.ts"
import { keep } from "../release/copies/keeper.ts"
import type { KeeperAct } from "../release/copies/keeper-act.ts"
import { replaceIll } from "../release/copies/liveness.ts"
import { see, stateOfVersion } from "../release/lifecycle/seen.ts"
import type { Seen } from "../release/lifecycle/seen.ts"
import { stateInWords, versionMay } from "../release/lifecycle/version-state.ts"
import type { VersionState } from "../release/lifecycle/version-state.ts"
import { stateOf } from "../release/machine.ts"
import type { Lane } from "../release/machine.ts"
import { plans, servesUsers } from "../release/plan.ts"
import type { Ports } from "../release/ports.ts"
import { assertMayRollBack, run } from "../release/run.ts"
import { changeOf, fleetOf, fleetStatus } from "../release/fit/versions.ts"
import type { SetVariables } from "../store/environments.ts"
import { hasEnded } from "../store/records.ts"
import type { Asker, ReleaseRecord, RequestRecord, VersionRecord } from "../store/records.ts"
import { Lanes } from "../train/lanes.ts"
import { nextRun } from "../train/queue.ts"
import { applied } from "./set-variables.ts"
import type { EnvironmentChange } from "./set-variables.ts"
import type { EventHub } from "./api/events.ts"
import { keeperFact } from "./reports/keeper-facts.ts"
import { planReport } from "./reports/plan-report.ts"
import { previousTo } from "./reports/previous.ts"
import type { Happening } from "./protocol/events.ts"
import type { PlanReport } from "./protocol/reports.ts"

const idleMs = seconds(1)
const retryMs = seconds(5)

export class ControlPlane {
  readonly #ports: Ports
  readonly #hub: EventHub
  readonly #shutdown = new AbortController()
  readonly #lanes: Lanes
  #wake: () => void = () => {}

  constructor(ports: Ports, hub: EventHub) {
    this.#ports = ports
    this.#hub = hub
    this.#lanes = new Lanes(ports)
  }

  get running(): ReleaseRecord | undefined {
    return this.#lanes.inLine?.release
  }

  /** Works until `stop`. A run that was under way when the last control plane ended is carried on first. */
  async work(): Promise<void> {
    const keeping = Promise.all([this.#keepAlways(), this.#checkUpAlways()])
    while (!this.#shutdown.signal.aborted) {
      // Before it looks: whatever is asked for from here on wakes it.
      const woken = new Promise<void>((resolve) => (this.#wake = resolve))
      const { line, beside } = await this.#lanes.waiting()
      for (const release of beside) void this.#carryOut(release, "beside")
      const next = nextRun(line)
      if (next === undefined) await Promise.race([this.#sleep(idleMs), woken])
      else await this.#carryOutInLine(next)
    }
    await Promise.all([keeping, ...this.#lanes.all.map(({ over }) => over)])
  }

  /** Interrupts every run at its next await; the next control plane carries them on. */
  stop(): void {
    this.#shutdown.abort(new Interrupted())
    for (const { controller } of this.#lanes.all) controller.abort(new Interrupted())
    this.#wake()
  }

  /** `branch`: the one that was pushed, where a push asks; its older pushes that still wait are superseded. */
  async requestRelease(revision: string, asker: Asker, branch?: string): Promise<ReleaseRecord> {
    const known = /^v\d+$/.test(revision) ? await this.#version(revision) : undefined
    const { commit, subject } = known ?? (await this.#ports.builder.resolve(revision))
    const config = await this.#ports.readConfig(commit)
    const version = known ?? (await this.#versionNow(commit, subject, config))
    const waiting = await this.#ports.queue.inState("queued")
    const release = this.#enqueue(await this.#ports.queue.enqueue("release", version.name, { asker, branch }))
    for (const { id } of waiting) {
      const now = await this.#ports.queue.find(id)
      if (now?.state === "superseded") this.#publish({ type: "run", run: now })
    }
    return release
  }

  /** Of the commit with what its copies would be told now: where that has changed, it is another version. */
  async #versionNow(commit: string, subject: string, config: Config): Promise<VersionRecord> {
    return this.#ports.versions.ensure(commit, subject, await this.#ports.environments.take(config, this.#shutdown.signal))
  }

  /** To `version`, or to the version that was current before the current one. Checked at once, so that a refusal is the answer. */
  async requestRollback(to: string | undefined, asker: Asker): Promise<ReleaseRecord> {
    const version = to === undefined ? await this.#previous() : await this.#version(to)
    const seen = await see(this.#ports, this.#shutdown.signal)
    const state = stateOfVersion(version, seen)
    // One that was never built is refused below, with how it gets an artifact.
    if (state !== "unbuilt" && versionMay[state].rollback === "no") throw notRolledBackTo(version.name, state, seen)
    await assertMayRollBack(this.#ports, { version: version.name }, await this.#ports.readConfig(version.commit), this.#shutdown.signal)
    const release = await this.#ports.queue.enqueue("rollback", version.name, { asker })
    this.#interruptFor(release)
    return this.#enqueue(release)
  }

  async requestContract(change: string, asker: Asker): Promise<ReleaseRecord> {
    const current = await this.#current()
    if (current === undefined) throw new ConveyorError("nothing-released", "nothing is released yet", { hint: "git push conveyor main" })
    return this.#enqueue(await this.#ports.queue.enqueue("contract", current.name, { change, asker }))
  }

  /** Takes an expanded change away again; a release that brings it goes back first. */
  async requestAbortOfChange(change: string, asker: Asker): Promise<ReleaseRecord> {
    const version = await this.#newestWith(change)
    const under = this.#lanes.inLine
    if (
      under !== undefined &&
      under.release.kind === "release" &&
      (await this.#version(under.release.version)).changes?.includes(change) === true
    ) {
      under.controller.abort(new ConveyorError("aborted", `gave way to the abort of ${change}`))
    }
    return this.#enqueue(await this.#ports.queue.enqueue("abort", version.name, { change, asker }))
  }

  async requestRepack(change: string, asker: Asker): Promise<ReleaseRecord> {
    return this.#enqueue(await this.#ports.queue.enqueue("repack", (await this.#newestWith(change)).name, { change, asker }))
  }

  /** Backfills of the change stop before their next batch, on every shard, until they are resumed. */
  async pauseChange(name: string, what: "pause" | "resume", asker: Asker): Promise<ChangeStatus> {
    const version = await this.#newestWith(name)
    const { engine, change } = await changeOf(this.#ports, version, await this.#ports.readConfig(version.commit), name)
    await this.#note({ action: what, subject: name, run: undefined }, asker)
    await engine[what](change, this.#shutdown.signal)
    const [status] = await engine.status([change], this.#shutdown.signal)
    if (status !== undefined) return status
    throw noSuchChange(name)
  }

  /** Ends a version's rollback window now; the keeper stops its copies. */
  async requestRetire(name: string, asker: Asker): Promise<VersionRecord> {
    const version = await this.#version(name)
    const seen = await see(this.#ports, this.#shutdown.signal)
    const state = stateOfVersion(version, seen)
    if (versionMay[state].retire === "no") throw notRetired(name, state, seen)
    await this.#note({ action: "retire", subject: name, run: undefined }, asker)
    if (versionMay[state].retire === "yes") await this.#ports.versions.keepWarm(name, this.#ports.clock.now())
    return this.#version(name)
  }

  /** A person takes a version that bakes as it is: said in its run's journal, where the bake looks for it. */
  async promote(name: string, asker: Asker): Promise<ReleaseRecord> {
    const seen = await see(this.#ports, this.#shutdown.signal)
    const version = await this.#version(name)
    const under = this.#lanes.inLine?.release
    if (under?.version !== version.name || versionMay[stateOfVersion(version, seen)].promote !== "yes") {
      throw new ConveyorError("not-baking", `${name} is not under way, or does not bake`, {
        facts: { version: name, run: under?.id },
        hint: "Only a version that bakes can be promoted by hand; conveyor status shows what is under way.",
      })
    }
    const { seq, actor = "somebody without a name" } = await this.#note({ action: "promote", subject: name, run: under.id }, asker)
    const event = await this.#ports.journal.record(under.id, "bake", "started", { promotedBy: actor, request: seq })
    this.#publish({ type: "journal", event })
    return under
  }

  /**
   * A queued run is never begun; one under way goes back to where it began, also where the next control plane has to do
   * that. One that has done what was asked only tidies up.
   */
  async cancel(id: number, asker: Asker): Promise<ReleaseRecord> {
    const { queue, journal } = this.#ports
    const release = await queue.find(id)
    if (release === undefined || (release.state !== "queued" && release.state !== "running")) {
      throw new ConveyorError("not-running", `run ${id} is neither queued nor under way`, {
        facts: { id, state: release?.state },
        hint: "conveyor status shows what is.",
      })
    }
    if (stateOf(plans[release.kind].doneAfter, await journal.of(id)) === "done") {
      throw new ConveyorError("already-done", `run ${id} has done what was asked, and only tidies up`, {
        facts: { id },
        hint: "To take it back: conveyor rollback",
      })
    }
    const cancelled = cancelledBy(await this.#note({ action: "cancel", subject: `run ${id}`, run: id }, asker))
    const under = this.#lanes.find(id)
    if (under !== undefined) under.controller.abort(cancelled)
    else if (release.state === "queued") return this.#ended(await queue.setState(id, "cancelled", cancelled.message))
    return release
  }

  /** Of a one-off command it is kept who asked for it and where, and not what is in it: that may be a secret. */
  async noteCommand(action: "run" | "exec", subject: string, asker: Asker): Promise<void> {
    await this.#note({ action, subject, run: undefined }, asker)
  }

  async changes(): Promise<ChangeStatus[]> {
    const newest = await this.#ports.versions.newestBuilt()
    if (newest === undefined) return []
    const fleet = await fleetOf(this.#ports, newest, await this.#ports.readConfig(newest.commit))
    return fleetStatus(this.#ports, fleet, this.#shutdown.signal)
  }

  /** Sets and unsets variables of copies: part of the next release, of whatever commit. Gives what is set now. */
  async changeEnvironment(change: EnvironmentChange, asker: Asker): Promise<SetVariables> {
    const { environments } = this.#ports
    const after = applied(await environments.set(), change)
    const names = [...Object.keys(change.set), ...change.unset].join(", ")
    await this.#note(
      { action: "change-environment", subject: change.service === undefined ? names : `${names} of ${change.service}`, run: undefined },
      asker,
    )
    await environments.change(after)
    return after
  }

  /** What a release of the revision would do, changing nothing. */
  plan(revision: string): Promise<PlanReport> {
    return planReport(this.#ports, revision, this.#shutdown.signal)
  }

  async #carryOutInLine(release: ReleaseRecord): Promise<void> {
    await this.#lanes.makeWayFor(release, new ConveyorError("superseded", `gave way to the ${release.kind} of ${release.version}`))
    // It may have been cancelled while way was made for it.
    const isStillAsked = (await this.#ports.queue.find(release.id))?.state === release.state
    if (isStillAsked && !this.#shutdown.signal.aborted) await this.#carryOut(release, "line")
  }

  async #carryOut(release: ReleaseRecord, lane: Lane): Promise<void> {
    if (lane === "line") this.#publish({ type: "run", run: { ...release, state: "running" } })
    const now = await this.#lanes.carry(release, lane, async (signal) =>
      this.#run(release, lane, AbortSignal.any([signal, ...(await this.#cancelOf(release, lane))])),
    )
    if (now === undefined || !hasEnded(now.state)) return
    this.#ports.logger.info({ release: now }, "run ended")
    this.#ended(now)
  }

  /** A run that was cancelled before a crash is cancelled still. */
  async #cancelOf({ id }: ReleaseRecord, lane: Lane): Promise<AbortSignal[]> {
    const cancel = (await this.#ports.queue.requestsFor(id)).find(({ action }) => action === "cancel")
    return cancel === undefined || lane === "beside" ? [] : [AbortSignal.abort(cancelledBy(cancel))]
  }

  /** Gives nothing where the run could not be carried on, after a pause. */
  async #run(release: ReleaseRecord, lane: Lane, signal: AbortSignal): Promise<ReleaseRecord | undefined> {
    try {
      return await run(release, {
        ports: this.#ports,
        lane,
        signal,
        shutdown: this.#shutdown.signal,
        onProgress: (of, step, { message, shards }) => this.#publish({ type: "progress", run: of.id, step, message, shards }),
        onEvent: (event) => this.#publish({ type: "journal", event }),
      })
    } catch (thrown) {
      if (this.#shutdown.signal.aborted) return undefined
      this.#ports.logger.error({ release, error: describe(thrown) }, "run cannot be carried on")
      this.#publish({ type: "stuck", run: release.id, reason: describe(thrown), retryInMs: retryMs })
      await this.#sleep(retryMs)
      return undefined
    }
  }

  async #keepAlways(): Promise<void> {
    while (!this.#shutdown.signal.aborted) {
      await this.#ports.users.lookNowAndThen(this.#shutdown.signal).catch(() => {})
      await keep({
        ports: this.#ports,
        signal: this.#shutdown.signal,
        onAct: (act) => this.#tell(act),
      }).catch((thrown: unknown) => {
        if (!this.#shutdown.signal.aborted) this.#ports.logger.warn({ error: describe(thrown) }, "keeper could not finish its round")
      })
      await this.#sleep(idleMs)
    }
  }

  /** Apart from the keeper: a copy that is slow to answer keeps nobody from being started again. */
  async #checkUpAlways(): Promise<void> {
    while (!this.#shutdown.signal.aborted) {
      const round = async () => {
        await checkUp(this.#ports, this.#shutdown.signal)
        await replaceIll(this.#ports, this.#shutdown.signal, (act) => this.#tell(act))
      }
      await round().catch((thrown: unknown) => {
        if (!this.#shutdown.signal.aborted) this.#ports.logger.warn({ error: describe(thrown) }, "the checkup could not finish its round")
      })
      await this.#sleep(idleMs)
    }
  }

  #tell(act: KeeperAct): void {
    const fact = keeperFact(act)
    this.#ports.logger.info({ ...fact }, "keeper")
    this.#publish({ type: "keeper", fact })
  }

  /** A run that has not done yet what was asked goes back first. */
  #interruptFor(rollback: ReleaseRecord): void {
    const under = this.#lanes.inLine
    if (under === undefined || !servesUsers[under.release.kind]) return
    under.controller.abort(new ConveyorError("superseded", `gave way to the rollback to ${rollback.version}`))
  }

  async #current(): Promise<VersionRecord | undefined> {
    const { table } = await this.#ports.routing.observe(this.#shutdown.signal)
    return table === undefined ? undefined : this.#version(table.current)
  }

  async #previous(): Promise<VersionRecord> {
    const before = await previousTo((await this.#current())?.name, this.#ports)
    if (before !== undefined) return this.#version(before)
    throw new ConveyorError("no-previous", "no version was current before this one", { hint: "Name one: conveyor rollback v1" })
  }

  async #newestWith(change: string): Promise<VersionRecord> {
    const found = await this.#ports.versions.newestWith(change)
    if (found !== undefined) return found
    throw noSuchChange(change)
  }

  async #version(name: string): Promise<VersionRecord> {
    const found = await this.#ports.versions.find(name)
    if (found !== undefined) return found
    throw new ConveyorError("no-such-version", `there is no version ${name}`, {
      facts: { name },
      hint: "conveyor status lists the versions.",
    })
  }

  /** On disk before what was asked for is done. */
  async #note(what: Pick<RequestRecord, "action" | "subject" | "run">, asker: Asker): Promise<RequestRecord> {
    const request = await this.#ports.queue.requested(what, asker)
    this.#publish({ type: "request", request })
    return request
  }

  #ended(release: ReleaseRecord): ReleaseRecord {
    this.#publish({ type: "run", run: release })
    return release
  }

  #enqueue(release: ReleaseRecord): ReleaseRecord {
    this.#publish({ type: "run", run: release })
    this.#wake()
    return release
  }

  #publish(happening: Happening): void {
    this.#hub.publish(happening, this.#ports.clock.now())
  }

  async #sleep(ms: number): Promise<void> {
    await this.#ports.clock.sleep(ms, this.#shutdown.signal).catch(() => {})
  }
}

function noSuchChange(change: string): ConveyorError {
  return new ConveyorError("no-such-change", `no version has a change "${change}"`, {
    facts: { change },
    hint: "conveyor change status lists the changes.",
  })
}

function notRetired(version: string, state: VersionState, { runs }: Seen): ConveyorError {
  const message = `${version} ${stateInWords[state]}`
  if (state === "current")
    return new ConveyorError("is-current", message, { facts: { version, state }, hint: "Release or roll back to another version first." })
  return new ConveyorError("in-use", message, {
    facts: { version, state, run: runs[0]?.id },
    hint: "Wait for the end of the run: conveyor status",
  })
}

function notRolledBackTo(version: string, state: VersionState, { runs }: Seen): ConveyorError {
  return new ConveyorError("in-use", `${version} ${stateInWords[state]}: what has not proven itself is not rolled back to`, {
    facts: { version, state, run: runs[0]?.id },
    hint: "conveyor rollback without a version goes to the one that served before.",
  })
}

function cancelledBy({ seq, actor = "somebody without a name", reason }: RequestRecord): ConveyorError {
  return new ConveyorError("cancelled", `cancelled by ${actor}${reason === undefined ? "" : `: ${reason}`}`, { facts: { request: seq } })
}
