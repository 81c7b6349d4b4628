// Carries one release, rollback or contract to its end, or back. Called by the control plane, once for each run in
// the queue, and again after a crash for the run that was under way.
import type { Config } from "../config/config.ts"
import { seconds } from "../kernel/time/duration.ts"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import { hasEnded } from "../store/records.ts"
import type { JournalEvent, ReleaseRecord, VersionRecord } from "../store/records.ts"
import { assertNotIncompatible } from "./fit/fit.ts"
import { holdsOf } from "./holds/holds.ts"
import { Interrupted, doStep, undoStep } from "./journal.ts"
import { observe } from "./planning/observed.ts"
import { planRun } from "./planning/plan-run.ts"
import type { PlannedStep } from "./planning/planned.ts"
import { laneOf, nextMove } from "./machine.ts"
import type { Lane } from "./machine.ts"
import { plans } from "./plan.ts"
import type { StepName } from "./plan.ts"
import type { Ports, Progress } from "./ports.ts"
import type { StepContext } from "./steps/step.ts"
import { steps } from "./steps/steps.ts"
import { artifactOf, fleetOf, fleetStatus } from "./fit/versions.ts"

export interface RunOptions {
  ports: Ports
  lane: Lane
  /** Aborting with `Interrupted` leaves the run for the next control plane; with any other reason it goes back. */
  signal: AbortSignal
  /** Aborting interrupts also the way back. */
  shutdown: AbortSignal
  /** Every event, after it was committed. */
  onEvent: (event: JournalEvent) => void
  onProgress: (release: ReleaseRecord, step: StepName, progress: Progress) => void
}

const pauseBeforeUndoAgainMs = seconds(1)

/**
 * Carries the run as far as its lane goes. Gives the record with its outcome, or still running where what is left of it goes
 * on in the other lane.
 * @throws Interrupted, where a later control plane has to carry on; and whatever keeps a run that is half-way from being carried on.
 */
export async function run(release: ReleaseRecord, options: RunOptions): Promise<ReleaseRecord> {
  const { ports, shutdown, lane } = options
  if (hasEnded(release.state)) return release
  const begun = await begin(release, options)
  if (begun === undefined) return (await ports.queue.find(release.id)) ?? release

  for (;;) {
    const events = await ports.journal.of(release.id)
    const next = nextMove(plans[release.kind], events)
    if (next.move === "end") return ports.queue.setState(release.id, next.outcome, next.reason)
    if (laneOf(plans[release.kind], events) !== lane) return (await ports.queue.find(release.id)) ?? release

    const version = await versionOf(ports, release)
    const context = {
      ...begun,
      version: () => version,
      onEvent: options.onEvent,
      report: (progress: Progress) => options.onProgress(release, next.step, progress),
      holds: holdsOf(release.id, next.step, ports, options.onEvent),
    }
    if (next.move === "do") {
      await doStep(next.step, steps[next.step], context)
    } else {
      // Going back is not stopped by what stopped going forward.
      if (events.at(-1)?.event === "undo_failed") await ports.clock.sleep(pauseBeforeUndoAgainMs, shutdown)
      await undoStep(next.step, steps[next.step], { ...context, signal: shutdown })
    }
  }
}

/** Checks what can be checked before anything is begun; a run that cannot be begun is refused, with the reason. */
async function begin(
  release: ReleaseRecord,
  { ports, lane, signal, shutdown }: RunOptions,
): Promise<Omit<StepContext, "report" | "onEvent" | "holds" | "version"> | undefined> {
  const isResumed = release.state === "running"
  try {
    const config = await ports.readConfig(release.commit)
    const isNewRollback = release.kind === "rollback" && !isResumed
    const fitsWithout = isNewRollback ? await assertMayRollBack(ports, release, config, signal) : "to-be-asked"
    // What has been told to go back has to be planned, too.
    const planned = await planOf(release, config, { ports, lane, signal: shutdown })
    await ports.queue.setState(release.id, "running")
    return { ports, release, config, planned, signal, fitsWithout }
  } catch (thrown) {
    // Taken back by a person while it was about to begin.
    if (hasEnded((await ports.queue.find(release.id))?.state ?? release.state)) return undefined
    if (isResumed || signal.reason instanceof Interrupted) {
      signal.throwIfAborted()
      throw thrown
    }
    await refuse(ports, release, signal.aborted ? signal.reason : thrown)
    return undefined
  }
}

/** What is left beside the line works on no fleet. */
async function planOf(
  { id, kind, commit, change, version: name }: ReleaseRecord,
  config: Config,
  { ports, lane, signal }: Pick<RunOptions, "ports" | "lane" | "signal">,
): Promise<readonly PlannedStep[]> {
  const wish = { kind, commit, version: await ports.versions.find(name), config, change }
  const fleet = lane === "line" ? "look" : "do-not-look"
  return planRun(wish, await observe(ports, wish, { journal: await ports.journal.of(id), fleet, signal }))
}

async function refuse(ports: Ports, { id }: ReleaseRecord, because: unknown): Promise<void> {
  const [code, hint] = because instanceof ConveyorError ? [because.code, because.hint] : []
  if (code === "cancelled") await ports.queue.setState(id, "cancelled", describe(because))
  else await ports.queue.setState(id, "refused", `${describe(because)}.${hint === undefined ? "" : ` ${hint}`}`)
}

/**
 * What is unknown is not refused: the run holds at its start until the shards that matter answer.
 * @throws ConveyorError "incompatible", or "not-built" where the version never got that far.
 */
export async function assertMayRollBack(
  ports: Ports,
  release: Pick<ReleaseRecord, "version">,
  config: Config,
  signal: AbortSignal,
): Promise<readonly string[] | "to-be-asked"> {
  const version = await versionOf(ports, release)
  artifactOf(version)
  return assertNotIncompatible(version, await fleetStatus(ports, await fleetOf(ports, version, config), signal))
}

async function versionOf(ports: Ports, { version }: Pick<ReleaseRecord, "version">): Promise<VersionRecord> {
  const found = await ports.versions.find(version)
  if (found !== undefined) return found
  throw new ConveyorError("no-such-version", `there is no version ${version}`, {
    facts: { version },
    hint: "conveyor status lists the versions.",
  })
}
