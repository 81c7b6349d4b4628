// Keeps true what was promised between releases: copies that died are started again, requests find them, and a
// version whose rollback window has closed is stopped. Called by the control plane, about once a second.
import type { Config } from "../config/config.ts"
import { describe } from "../kernel/errors.ts"
import type { VersionRecord } from "../store/records.ts"
import { drainAndStop, runningCopies, startCopies, waitUntilWell } from "./copies.ts"
import type { Ports } from "./ports.ts"
import { stateOf } from "./machine.ts"
import { plans } from "./plan.ts"
import { withCopies } from "./table.ts"

export interface KeeperOptions {
  ports: Ports
  signal: AbortSignal
  /** For people: what the keeper did. */
  onAct: (message: string) => void
}

export async function keep({ ports, signal, onAct }: KeeperOptions): Promise<void> {
  const { table } = await ports.routing.observe(signal)
  const copies = await ports.runtime.list()
  for (const version of ports.store.versions()) {
    if (version.artifact === undefined || versionsInWork(ports).includes(version.name)) continue
    const isServing = table !== undefined && version.name in table.versions
    const isOver = version.warmUntil !== undefined || copies.some((copy) => copy.version === version.name)
    const config = await ports.readConfig(version.commit)
    if (isServing || isWarm(version, ports.clock.now())) await revive(ports, version, config, signal, onAct)
    else if (isOver) await stop(ports, version, config, signal, onAct)
  }
}

/** A run that has not done what was asked yet looks after the copies of its version itself, also before it is carried on after a crash. */
function versionsInWork({ store }: Ports): string[] {
  return store
    .releases(["running"])
    .filter(({ id, kind }) => kind !== "contract" && kind !== "abort" && stateOf(plans[kind].doneAfter, store.journal(id)) !== "done")
    .map((release) => release.version)
}

const isWarm = ({ warmUntil }: VersionRecord, now: number) => warmUntil !== undefined && warmUntil > now

async function revive(
  ports: Ports,
  version: VersionRecord,
  config: Config,
  signal: AbortSignal,
  onAct: (message: string) => void,
): Promise<void> {
  const copies = (await ports.runtime.list()).filter((copy) => copy.version === version.name)
  const wanted = Object.values(config.services).reduce((sum, service) => sum + service.copies, 0)
  const living = copies.filter((copy) => copy.state === "running")
  if (living.length >= wanted) return

  const dead = copies.filter((copy) => copy.state === "exited")
  for (const copy of dead) {
    onAct(`${copy.service} ${copy.index + 1} of ${copy.version} had ended (${copy.logFile}); starting it again`)
    await ports.runtime.stop(copy.id, { graceMs: 0, signal })
  }
  const release = living[0]?.release ?? dead[0]?.release ?? `kept-${version.name}`
  const started = await startCopies(ports, version, release, config, signal, () => {})
  await Promise.all(
    started.filter((copy) => !living.some((each) => each.id === copy.id)).map((copy) => waitUntilWell(ports, copy, config, signal)),
  )
  const running = await runningCopies(ports, version.name)
  await ports.routing.change((now) => (now === undefined ? now : withCopies(now, running)), signal)
}

async function stop(
  ports: Ports,
  version: VersionRecord,
  config: Config,
  signal: AbortSignal,
  onAct: (message: string) => void,
): Promise<void> {
  onAct(`${version.name} is no longer kept warm; stopping its copies`)
  try {
    await drainAndStop(ports, version.name, config, signal, ({ message }) => onAct(message))
  } catch (thrown) {
    signal.throwIfAborted()
    onAct(`could not stop ${version.name} yet: ${describe(thrown)}`)
  }
}
