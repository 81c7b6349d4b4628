// start: new copies beside the old, as many of each service as conveyor.yml says; a few at once, each until it is well, and the
// next not while users wait longer than before. Where one is not well there is no next: verify says what is wrong with it.
import { healthOf } from "../../config/config.ts"
import { seconds } from "../../kernel/time/duration.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import type { Facts } from "../../kernel/errors/errors.ts"
import { specsOf, waitUntilWell } from "../copies/copies.ts"
import { untilUsersAreServedAsBefore, waitBeforeIn } from "../copies/users-first.ts"
import { specsOfWave } from "../copies/waves.ts"
import type { Wave } from "../copies/waves.ts"
import { goesWithout, untilItFits } from "../fit/fit.ts"
import { fleetOf, fleetStatus } from "../fit/versions.ts"
import { plannedFor } from "../planning/planned.ts"
import type { Step, StepContext } from "./step.ts"

/** The runtime starts a copy that has ended for the first time again within a second. */
const startedAgainMs = seconds(2)

export const start: Step = {
  async prepare({ ports, version, signal }) {
    const { wanted } = await ports.runtime.observe(signal)
    return { wasWanted: wanted.some((each) => each.version === version().name) }
  },

  async run(context) {
    const { ports, release, version, config, signal, report, holds, fitsWithout } = context
    const askFleet = async () => fleetStatus(ports, await fleetOf(ports, version(), config), signal)
    const silent = fitsWithout === "to-be-asked" ? await untilItFits(version(), askFleet, { ports, signal, report, holds }) : fitsWithout
    const specs = await specsOf(ports, version(), `r-${release.id}`, config)
    const how = await inWaves(context, (wave) => ports.runtime.want(specsOfWave(specs, wave), signal))
    if (how["notWell"] === undefined) await ports.runtime.want(specs, signal)
    const copies = await copiesOf(context)
    return { ...goesWithout(version().name, silent), ...how, copies: copies.map(({ id, service }) => ({ id, service })) }
  },

  /** Stops what this run started; a version that was warm before it stays warm. */
  async undo({ ports, version, config, signal, report }, prepared) {
    const { name } = version()
    if (prepared["wasWanted"] === true) {
      await ports.versions.keepWarm(name, ports.clock.now() + config.release.rollback_window)
      return { kept: "it was warm before" }
    }
    report({ message: `SIGTERM to every copy of ${name}` })
    const stopped = await ports.runtime.unwant(name, signal)
    await ports.versions.stopped(name)
    return { stopped: stopped.length }
  },
}

/** Gives what the journal should know of it: that it ended early, or that users were not waited for to the end. */
async function inWaves(context: StepContext, begin: (wave: Wave) => Promise<unknown>): Promise<Facts> {
  const { version, planned, report } = context
  const { waves, waitForUsersMs } = plannedFor("start", planned)
  let patienceMs = waitForUsersMs
  for (const [i, wave] of waves.entries()) {
    const notWell = await whyEarlierAreIll(context)
    if (notWell !== undefined) return { notWell }
    if (patienceMs > 0) patienceMs -= await usersAreServed(context, patienceMs)
    report({ message: `${inWords(wave)} at ${version().name}${waves.length === 1 ? "" : `, wave ${i + 1} of ${waves.length}`}` })
    await begin(wave)
  }
  if (patienceMs >= 0) return {}
  return { startedAnyway: "users still waited longer than before when the time to wait for them was over" }
}

const inWords = (wave: Wave): string =>
  Object.entries(wave)
    .map(([service, copies]) => `${copies} of ${service}`)
    .join(", ")

async function copiesOf({ ports, version, signal }: StepContext) {
  return (await ports.runtime.observe(signal)).copies.filter((copy) => copy.version === version().name)
}

/** While a copy comes up it takes a core; what only has to stay up says nothing about that. One that has ended has a second try. */
async function whyEarlierAreIll(context: StepContext, tries: "two" | "last" = "two"): Promise<string | undefined> {
  const { ports, config, signal } = context
  const asked = (await copiesOf(context)).map((copy) => ({ copy, check: healthOf(config, copy.service) }))
  try {
    for (const { copy, check } of asked.filter((each) => each.check.kind !== "stays-up")) {
      await waitUntilWell(ports, copy, { check, withinMs: config.release.start_within }, signal)
    }
    return undefined
  } catch (thrown) {
    signal.throwIfAborted()
    if (tries === "last" || !(thrown instanceof ConveyorError) || thrown.code !== "copy-died") return describe(thrown)
    await ports.clock.sleep(startedAgainMs, signal)
    return whyEarlierAreIll(context, "last")
  }
}

/** Gives the time that it took; more than there was, where users are not served as before yet. */
async function usersAreServed({ ports, release, signal, report, holds }: StepContext, boundMs: number): Promise<number> {
  const beforeMs = waitBeforeIn(await ports.journal.of(release.id))
  if (beforeMs === undefined) return 0
  const startedAt = ports.clock.now()
  const how = await untilUsersAreServedAsBefore({ ports, beforeMs, boundMs, holds, report, signal })
  return how === "bound" ? Infinity : ports.clock.now() - startedAt
}
