// Copies of one version: wanted, asked how they are, drained and given up. Called by steps and by the keeper.
import { healthOf } from "../../config/config.ts"
import type { Config } from "../../config/config.ts"
import { roleOf } from "../../config/service.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Facts } from "../../kernel/errors/errors.ts"
import type { HealthCheck } from "../../kernel/health-check.ts"
import { until } from "../../kernel/time/until.ts"
import { hasEnded } from "../../runtime/reconcile.ts"
import type { Copy, ServiceSpec } from "../../runtime/runtime.ts"
import type { VersionRecord } from "../../store/records.ts"
import { inFlightIsZero } from "../routing/drain.ts"
import type { Ports, Progress } from "../ports.ts"
import { without } from "../routing/table.ts"
import { artifactOf } from "../fit/versions.ts"
import { askCopy } from "./ask-copy.ts"

type Report = (progress: Progress) => void

export async function runningCopies(ports: Ports, version: string, signal: AbortSignal): Promise<Copy[]> {
  return (await ports.runtime.observe(signal)).copies.filter((copy) => copy.version === version && copy.state === "running")
}

/** What a version's conveyor.yml wants of the runtime. */
export async function specsOf(
  { environments }: Pick<Ports, "environments">,
  version: VersionRecord,
  release: string,
  config: Config,
): Promise<ServiceSpec[]> {
  const told = await environments.of(version, config)
  const shared = {
    version: version.name,
    commit: version.commit,
    release,
    artifact: artifactOf(version),
    startWithinMs: config.release.start_within,
    stopGraceMs: config.release.stop_grace,
  }
  return Object.entries(config.services).map(([service, own]) => ({
    ...shared,
    service,
    command: own.start,
    copies: own.copies,
    role: roleOf(own),
    whenNotCurrent: own.when_not_current ?? (roleOf(own) === "worker" ? "stop" : "keep"),
    toldBy: toldBy(own),
    health: healthOf(config, service),
    environment: told[service] ?? {},
  }))
}

export interface HowToAsk {
  check: HealthCheck
  withinMs: number
}

function toldBy({ standing }: Config["services"][string]): ServiceSpec["toldBy"] {
  if (standing?.signal !== undefined) return { signal: standing.signal }
  return standing?.path === undefined ? undefined : { path: standing.path }
}

/** Asks one copy until it is well. @throws TimedOutError with its last answer, ConveyorError "copy-died". */
export async function waitUntilWell(ports: Ports, copy: Copy, { check, withinMs }: HowToAsk, signal: AbortSignal): Promise<Facts> {
  const probe = async (): Promise<{ done: Facts | "died" }> => {
    try {
      const facts = await askCopy(ports, copy, check, signal)
      if (check.kind === "http" || check.kind === "tcp") await assertOwnAddress(ports, copy, signal)
      return { done: facts }
    } catch (cause) {
      // Whoever is well is alive: only one that is not is looked for, so that a rollback to warm copies loses no time.
      const now = (await ports.runtime.observe(signal)).copies.find((each) => each.id === copy.id)
      if (now === undefined || hasEnded(now)) return { done: "died" }
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
    facts: { copy: copy.id },
    hint: `See its output: conveyor logs ${copy.version} ${copy.service}`,
  })
}

/** Another service of the same release would say the same. @throws ConveyorError "address-taken" */
async function assertOwnAddress({ runtime }: Ports, { id, service, address }: Copy, signal: AbortSignal): Promise<void> {
  if ((await runtime.holdsAddress(id, signal)) !== "no") return
  throw new ConveyorError("address-taken", `it is not ${service} that answers at port ${address.port}`, {
    facts: { copy: id, address },
    hint: "Another process listens on the port that the copy was given; a copy that is started anew is given another one.",
  })
}

/**
 * Takes a version out of the table, waits until nothing is in flight on it, then SIGTERM. Requests that still name it
 * are answered by the current version.
 */
export async function drainAndStop(ports: Ports, version: string, graceMs: number, signal: AbortSignal, report: Report): Promise<void> {
  // Neither warm nor stopped from here on: whoever finds it so after a crash finishes this.
  await ports.versions.keepWarm(version, undefined)
  await ports.routing.change((now) => (now !== undefined && version in now.versions ? without(now, [version]) : now), signal)
  await inFlightIsZero(ports, [version], graceMs, signal, report)
  report({ message: `SIGTERM to every copy of ${version}` })
  await ports.runtime.unwant(version, signal)
  await ports.versions.stopped(version)
}
