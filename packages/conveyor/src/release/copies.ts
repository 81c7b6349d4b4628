// Copies of one version: started, asked how they are, stopped. Called by steps and by the keeper.
import type { Config } from "../config/config.ts"
import { ConveyorError } from "../kernel/errors.ts"
import type { Facts } from "../kernel/errors.ts"
import { until } from "../kernel/until.ts"
import type { Copy } from "../runtime/runtime.ts"
import type { VersionRecord } from "../store/records.ts"
import { inFlightIsZero } from "./drain.ts"
import type { Ports, Progress } from "./ports.ts"
import { without } from "./table.ts"
import { artifactOf } from "./versions.ts"

type Report = (progress: Progress) => void

export async function runningCopies(ports: Ports, version: string): Promise<Copy[]> {
  return (await ports.runtime.list()).filter((copy) => copy.version === version && copy.state === "running")
}

/** Every copy that the config wants of a version; those that run already are found, not started. */
export async function startCopies(
  ports: Ports,
  version: VersionRecord,
  release: string,
  config: Config,
  signal: AbortSignal,
  report: Report,
): Promise<Copy[]> {
  const artifact = artifactOf(version)
  const place = { version: version.name, commit: version.commit, release, artifact, environment: config.environment }
  // One look for all: a rollback to warm copies finds them here, and has nothing to start.
  const running = (await runningCopies(ports, version.name)).filter((copy) => copy.artifact === artifact.id)
  const copies: Copy[] = []
  for (const [service, { start, copies: wanted }] of Object.entries(config.services)) {
    for (let index = 0; index < wanted; index++) {
      const there = running.find((copy) => copy.service === service && copy.index === index)
      if (there === undefined) report({ message: `starting ${service} ${index + 1} of ${wanted} at ${version.name}` })
      copies.push(there ?? (await ports.runtime.start({ ...place, service, index, command: start }, signal)))
    }
  }
  return copies
}

/** Asks one copy until it is well. @throws TimedOutError with its last answer, ConveyorError "copy-died". */
export async function waitUntilWell(
  ports: Ports,
  copy: Copy,
  config: Config,
  signal: AbortSignal,
  withinMs = config.release.start_within,
): Promise<Facts> {
  const probe = async (): Promise<{ done: Facts | "died" }> => {
    const { address, release } = copy
    try {
      return { done: await ports.queryStatus({ address, ...config.status, release, signal }) }
    } catch (cause) {
      // Whoever is well is alive: only one that is not is looked for, so that a rollback to warm copies loses no time.
      const now = (await ports.runtime.list()).find((each) => each.id === copy.id)
      if (now?.state !== "running") return { done: "died" }
      throw cause
    }
  }
  const state = await until(probe, {
    what: `${copy.service} of ${copy.version} is well`,
    everyMs: 100,
    withinMs,
    clock: ports.clock,
    signal,
  })
  if (state !== "died") return state
  throw new ConveyorError("copy-died", `${copy.service} of ${copy.version} ended by itself`, {
    facts: { copy: copy.id, logFile: copy.logFile },
    hint: `See its output: conveyor logs ${copy.version} ${copy.service}`,
  })
}

/**
 * Takes a version out of the table, waits until nothing is in flight on it, then SIGTERM. Requests that still name it
 * are answered by the current version.
 */
export async function drainAndStop(ports: Ports, version: string, config: Config, signal: AbortSignal, report: Report): Promise<Copy[]> {
  // Neither warm nor stopped from here on: whoever finds it so after a crash finishes this.
  ports.store.keepWarm(version, undefined)
  await ports.routing.change((now) => (now !== undefined && version in now.versions ? without(now, [version]) : now), signal)
  await inFlightIsZero(ports, [version], config.release.stop_grace, signal, report)
  const own = (await ports.runtime.list()).filter((copy) => copy.version === version)
  await stopCopies(ports, own, config, signal, report)
  ports.store.stopped(version)
  return own
}

export async function stopCopies(
  ports: Ports,
  copies: readonly Copy[],
  config: Config,
  signal: AbortSignal,
  report: Report,
): Promise<void> {
  for (const copy of copies) report({ message: `SIGTERM to ${copy.service} ${copy.index + 1} of ${copy.version}` })
  await Promise.all(copies.map((copy) => ports.runtime.stop(copy.id, { graceMs: config.release.stop_grace, signal })))
}
