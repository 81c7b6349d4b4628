// retire: pages of old versions are told, reload, and are counted down to none; requests in flight likewise. The last
// current version then stays warm for the rollback window; what is older gets SIGTERM. It goes on beside the next runs, so
// it asks again, each time before it gives a version up, whether anybody needs it by now.
import type { Facts } from "../../kernel/errors/errors.ts"
import { drainAndStop } from "../copies/copies.ts"
import { see, stateOfVersion } from "../lifecycle/seen.ts"
import type { VersionState } from "../lifecycle/version-state.ts"
import type { Ports } from "../ports.ts"
import { inFlightIsZero, pagesAreGone } from "../routing/drain.ts"
import { withNotice, without } from "../routing/table.ts"
import { runCommands } from "./commands.ts"
import type { Step, StepContext } from "./step.ts"

export const retire: Step = {
  async prepare({ ports, version, config, signal }) {
    const { table } = await ports.routing.observe(signal)
    const { versions } = await ports.pages.observe(signal)
    const routed = Object.keys(table?.versions ?? {}).filter((name) => name !== version().name)
    const old = await inState("serving", routed, ports, signal)
    const announcedAt = ports.clock.now()
    return { old, announcedAt, reloadBy: announcedAt + config.release.notice, pages: old.map((name) => versions[name]?.open ?? 0) }
  },

  async run(context, prepared) {
    const [retired, commands] = await Promise.all([retireOld(context, prepared), runCommands(context, "after_promotion")])
    return { ...retired, commands }
  },
}

async function retireOld({ ports, config, signal, report, holds }: StepContext, prepared: Facts): Promise<Facts> {
  const { old, announcedAt, reloadBy } = prepared as { old: readonly string[]; announcedAt: number; reloadBy: number }

  await ports.routing.change((now) => (now === undefined ? now : withNotice(now, old, { announcedAt, reloadBy })), signal)
  const pagesLeft = await pagesAreGone(ports, old, reloadBy, signal, report, holds)
  await inFlightIsZero(ports, old, Math.max(0, reloadBy - ports.clock.now()) + config.release.stop_grace, signal, report)
  const left = await inState("serving", old, ports, signal)
  // Warm before it leaves the table: whoever looks in between, after a crash, must not take it for a leftover.
  const warmUntil = ports.clock.now() + config.release.rollback_window
  for (const name of left) await ports.versions.keepWarm(name, warmUntil)
  const isLeft = (name: string) => left.includes(name)
  await ports.routing.change((now) => (now !== undefined && Object.keys(now.versions).some(isLeft) ? without(now, left) : now), signal)

  const stopped: string[] = []
  for (const name of await surplus(ports, signal)) {
    if ((await inState("warm", [name], ports, signal)).length === 0) continue
    await drainAndStop(ports, name, config.release.stop_grace, signal, report)
    stopped.push(name)
  }
  return { old, pagesLeft, warmUntil, stopped }
}

/** Those of the versions that are in this state now. */
async function inState(state: VersionState, names: readonly string[], ports: Ports, signal: AbortSignal): Promise<string[]> {
  const seen = await see(ports, signal)
  const versions = await Promise.all(names.map((name) => ports.versions.find(name)))
  return versions.flatMap((version) => (version !== undefined && stateOfVersion(version, seen) === state ? [version.name] : []))
}

/** Warm versions but the one with the longest window; of those that left together, the newest. */
async function surplus(ports: Ports, signal: AbortSignal): Promise<string[]> {
  const seen = await see(ports, signal)
  return (await ports.versions.warm())
    .filter((version) => stateOfVersion(version, seen) === "warm")
    .toReversed()
    .toSorted((a, b) => (b.warmUntil ?? 0) - (a.warmUntil ?? 0))
    .slice(1)
    .map(({ name }) => name)
}
