// Copies as processes of this machine: detached, each on a port of its own, found again after a restart of whoever
// started them, and kept alive by the rounds of whoever holds this runtime. Made by wiring/.
import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import { join } from "node:path"
import type { ArtifactRef } from "../../kernel/artifact.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import { seconds } from "../../kernel/time/duration.ts"
import { ConveyorError, TimedOutError } from "../../kernel/errors/errors.ts"
import { until } from "../../kernel/time/until.ts"
import { afterEnd, decide, hasEnded, newCrashLoops } from "../reconcile.ts"
import type { Decision } from "../reconcile.ts"
import { withoutSecrets } from "../runtime.ts"
import type { Copy, CopyEnd, KeptService, Runtime, RuntimeEvent, ServiceSpec, StopOutcome } from "../runtime.ts"
import { choosePort } from "./address/port-choice.ts"
import { holdsPort } from "./address/port-holder.ts"
import { Announcements } from "./announcements.ts"
import { CopyFiles } from "./copy-files.ts"
import type { CopyRecord } from "./copy-files.ts"
import { readCopyLog } from "./copy-log.ts"
import { endGroup } from "./end-group.ts"
import { execIn } from "./exec.ts"
import { environmentOf, launchCopy } from "./launch-copy.ts"
import { StandingFiles } from "./standing-files.ts"
import { WantedFiles } from "./wanted-files.ts"

export interface ProcessRuntimeOptions {
  /** Where what is wanted, records and logs of copies are kept. */
  directory: string
  clock: Clock
  /** Where copies reach the edge, and so each other; not needed by whoever only observes and stops them. */
  edgeUrl?: string
}

/** What the directory builder makes. */
const starts = ["directory"]
/** A process that has not said by then that it is there never will. */
const comesUpWithinMs = seconds(10)
const unwatched = "it ended while nobody watched: how is not known"

export function createProcessRuntime({ directory, clock, edgeUrl }: ProcessRuntimeOptions): Runtime {
  const files = new CopyFiles(join(directory, "copies"))
  const wantedFiles = new WantedFiles(join(directory, "wanted"))
  const standings = new StandingFiles(join(directory, "standing"))
  const announcements = new Announcements()
  const logFileOf = (id: string) => join(directory, "logs", `${id}.log`)
  /** Crash loops are told once for each end. */
  const toldOf = new Set<string>()
  let last: Promise<unknown> = Promise.resolve()

  /** One at a time: two that fill the same place at once would fill it twice. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }

  async function look(record: CopyRecord): Promise<Copy> {
    const { stopGraceMs: _, ...copy } = record
    const process = await files.process(record.id).catch(() => "unknown" as const)
    if (process === "unknown") return { ...copy, state: "unknown" }
    if (typeof process === "object") return { ...copy, state: "running" }
    const end = await files.end(record.id)
    if (end === undefined && process === "none" && clock.now() < record.startedAt + comesUpWithinMs) return { ...copy, state: "starting" }
    const seen: CopyEnd = end ?? { reason: unwatched, at: clock.now(), how: "by-itself" }
    return { ...copy, end: seen, ...afterEnd(record, seen) }
  }

  const lookAtAll = async () => Promise.all((await files.all()).map(look))

  async function fill(spec: ServiceSpec, place: Place, signal: AbortSignal): Promise<Copy> {
    const taken = new Set((await files.all()).map(({ address }) => address.port))
    const record = recordOf(spec, place, await choosePort(taken), clock.now())
    await files.write(record)
    const onEnd = (reason: string) => files.ended(record.id, { reason, at: clock.now(), how: "by-itself" })
    launchCopy({
      spec,
      record,
      pidFile: files.pidFile(record.id),
      logFile: logFileOf(record.id),
      standingFile: standings.file(spec.version),
      edgeUrl,
      onEnd,
    })
    // A command that ends at once may be gone before it was seen.
    const isThere = async () => typeof (await files.process(record.id)) === "object" || (await files.end(record.id)) !== undefined
    await until(async () => ((await isThere()) ? { done: true } : { notYet: "no process" }), {
      what: `the process of ${record.id}`,
      everyMs: 10,
      withinMs: comesUpWithinMs,
      clock,
      signal,
    }).catch((thrown: unknown) => {
      if (!(thrown instanceof TimedOutError)) throw thrown
    })
    return look(record)
  }

  async function stop(id: string, graceMs: number, signal: AbortSignal): Promise<StopOutcome> {
    const process = await files.process(id)
    const leader = typeof process === "object" ? process.pid : await files.leftGroup(id)
    const ended = leader === undefined ? "was-gone" : await endGroup(leader, { what: id, graceMs, clock, signal })
    await files.forget(id)
    // What a leader that was gone has left behind is ended, and is no copy.
    return typeof process === "object" ? ended : "was-gone"
  }

  async function carryOut(decision: Decision<KeptService>, signal: AbortSignal): Promise<RuntimeEvent> {
    const { wanted } = decision
    if (decision.do === "start") return { event: "started", copy: await fill(wanted, { index: decision.index, restarts: 0 }, signal) }
    const { copy } = decision
    await stop(copy.id, wanted.stopGraceMs, signal)
    if (decision.do === "stop") return { event: "stopped-surplus", copy }
    const next = await fill(wanted, { index: copy.index, restarts: decision.restarts, before: copy.end }, signal)
    return { event: "restarted", copy: next, ...(copy.end !== undefined && { reason: copy.end.reason }) }
  }

  /** When an end is first seen it is written down: the pause before the next start is counted from it. */
  function noteEnds(copies: readonly Copy[]): void {
    for (const { id, end } of copies) if (end?.reason === unwatched) files.ended(id, end)
  }

  return {
    starts,

    async observe(signal) {
      signal.throwIfAborted()
      const [copies, specs] = [await lookAtAll(), await wantedFiles.all()]
      return { copies, wanted: specs.map(withoutSecrets) }
    },

    async want(specs, signal) {
      signal.throwIfAborted()
      for (const { artifact } of specs) assertStarts(artifact)
      return inTurn(async () => {
        const kept = await Promise.all(specs.map((spec) => wantedFiles.keep(spec)))
        const before = await lookAtAll()
        // Somebody asks now: no pause after earlier ends is waited for.
        const decisions = decide(kept, before, Infinity)
        for (const decision of decisions) await carryOut(decision, signal)
        const now = decisions.length === 0 ? before : await lookAtAll()
        return now.filter((copy) => kept.some(({ service, version }) => copy.service === service && copy.version === version))
      })
    },

    async unwant(version, signal) {
      signal.throwIfAborted()
      await inTurn(() => wantedFiles.forget(version))
      await standings.forget(version)
      const own = (await files.all()).filter((record) => record.version === version)
      return Promise.all(own.map(({ id, stopGraceMs }) => stop(id, stopGraceMs, signal)))
    },

    async rest(version, signal) {
      signal.throwIfAborted()
      const resting = await inTurn(() => wantedFiles.setWork(version, "resting"))
      const own = (await files.all()).filter((record) => record.version === version && resting.includes(record.service))
      return Promise.all(own.map(({ id, stopGraceMs }) => stop(id, stopGraceMs, signal)))
    },

    async wake(version, signal) {
      signal.throwIfAborted()
      await inTurn(() => wantedFiles.setWork(version, "working"))
    },

    async tell(version, standing, signal) {
      signal.throwIfAborted()
      await standings.write(version, standing)
      const specs = (await wantedFiles.all()).filter((spec) => spec.version === version && spec.toldBy !== undefined)
      const records = specs.length === 0 ? [] : (await files.all()).filter((record) => record.version === version)
      for (const record of records) {
        const { toldBy } = specs.find(({ service }) => service === record.service) ?? {}
        const process = toldBy === undefined ? undefined : await files.process(record.id)
        if (toldBy !== undefined && typeof process === "object") announcements.make({ record, pid: process.pid, toldBy, standing })
      }
    },

    stop: (id, { graceMs, signal }) => stop(id, graceMs, signal),

    async giveUp(id, { reason, graceMs, signal }) {
      signal.throwIfAborted()
      const process = await files.process(id)
      if (typeof process !== "object") return "was-gone"
      files.ended(id, { reason, at: clock.now(), how: "given-up" })
      return endGroup(process.pid, { what: id, graceMs, clock, signal })
    },

    async reconcile(signal) {
      signal.throwIfAborted()
      return inTurn(async () => {
        const [specs, copies] = [await wantedFiles.all(), await lookAtAll()]
        noteEnds(copies)
        const events = newCrashLoops(copies, toldOf)
        const failures: unknown[] = []
        for (const decision of decide(specs, copies, clock.now())) {
          try {
            events.push(await carryOut(decision, signal))
          } catch (thrown) {
            // One service that cannot be started keeps no other from it.
            signal.throwIfAborted()
            failures.push(thrown)
          }
        }
        if (failures.length > 0) throw new AggregateError(failures, "")
        return events
      })
    },

    async holdsAddress(id, signal) {
      signal.throwIfAborted()
      const record = await files.find(id)
      return record === undefined ? "no" : holdsPort(id, record.address.port)
    },

    logs(id, { since, last: lines, follow, signal }) {
      const mayGoOn = async () => {
        if (follow === "end") return false
        const record = await files.find(id)
        return record !== undefined && !hasEnded(await look(record))
      }
      return readCopyLog(logFileOf(id), { since, last: lines, mayGoOn, clock, signal })
    },

    async exec(id, options) {
      const record = await files.find(id)
      const spec = (await wantedFiles.all()).find((each) => each.service === record?.service && each.version === record.version)
      if (record === undefined || spec === undefined || typeof (await files.process(id)) !== "object") {
        throw new ConveyorError("no-such-copy", `there is no running copy ${id}`, {
          facts: { id },
          hint: "conveyor status lists the copies.",
        })
      }
      return execIn(spec.artifact.ref, {
        ...options,
        environment: environmentOf(spec, record, { edgeUrl, standingFile: standings.file(spec.version) }),
      })
    },

    async run(asked, options) {
      assertStarts(asked.artifact)
      const spec = (await wantedFiles.all()).find(({ service, version }) => service === asked.service && version === asked.version) ?? asked
      const itself = { id: `${spec.version}-${spec.service}-once-${randomUUID().slice(0, 8)}`, address: { host: "127.0.0.1", port: 0 } }
      const environment = environmentOf(spec, itself, { edgeUrl, standingFile: standings.file(spec.version) })
      // Nobody is led to it.
      return execIn(spec.artifact.ref, { ...options, environment: { ...environment, HOST: undefined, PORT: undefined } })
    },
  }
}

function assertStarts(artifact: ArtifactRef): void {
  if (starts.includes(artifact.kind)) return
  throw new ConveyorError("artifact-kind", `processes of this machine are started from a directory, not from a ${artifact.kind}`, {
    facts: { artifact, starts },
    hint: "Build with the builder that belongs to this runtime.",
  })
}

interface Place {
  index: number
  restarts: number
  before?: CopyEnd | undefined
}

function recordOf(spec: ServiceSpec, { index, restarts, before }: Place, port: number, startedAt: number): CopyRecord {
  return {
    id: `${spec.version}-${spec.service}-${index}-${randomUUID().slice(0, 8)}`,
    service: spec.service,
    version: spec.version,
    release: spec.release,
    index,
    artifact: spec.artifact.id,
    node: hostname(),
    address: { host: "127.0.0.1", port },
    startedAt,
    restarts,
    ...(before !== undefined && { before }),
    stopGraceMs: spec.stopGraceMs,
  }
}
