// retire: pages of old versions are told, reload, and are counted down to none; requests in flight likewise. The last
// current version then stays warm for the rollback window; what is older gets SIGTERM.
import { drainAndStop } from "../copies/copies.ts"
import { inFlightIsZero, pagesAreGone } from "../routing/drain.ts"
import { withNotice, without } from "../routing/table.ts"
import type { Step } from "./step.ts"

export const retire: Step = {
  async prepare({ ports, version, config, signal }) {
    const { table } = await ports.routing.observe(signal)
    const { versions } = await ports.pages.observe(signal)
    const old = Object.keys(table?.versions ?? {}).filter((name) => name !== version().name)
    const announcedAt = ports.clock.now()
    return { old, announcedAt, reloadBy: announcedAt + config.release.notice, pages: old.map((name) => versions[name]?.open ?? 0) }
  },

  async run({ ports, version, config, signal, report }, prepared) {
    const { old, announcedAt, reloadBy } = prepared as { old: readonly string[]; announcedAt: number; reloadBy: number }
    const current = version().name
    const isOld = (name: string) => old.includes(name)

    await ports.routing.change((now) => {
      const untold = Object.entries(now?.versions ?? {}).some(([name, each]) => name !== now?.current && each.notice === undefined)
      return now !== undefined && now.current === current && untold ? withNotice(now, { announcedAt, reloadBy }) : now
    }, signal)
    const pagesLeft = await pagesAreGone(ports, old, reloadBy, signal, report)
    await inFlightIsZero(ports, old, Math.max(0, reloadBy - ports.clock.now()) + config.release.stop_grace, signal, report)
    // Warm before it leaves the table: whoever looks in between, after a crash, must not take it for a leftover.
    const warmUntil = ports.clock.now() + config.release.rollback_window
    for (const name of old) ports.store.keepWarm(name, warmUntil)
    await ports.routing.change((now) => (now !== undefined && Object.keys(now.versions).some(isOld) ? without(now, old) : now), signal)

    const surplus = warmVersions(ports.store.versions(), current).slice(1)
    for (const name of surplus) await drainAndStop(ports, name, config.release.stop_grace, signal, report)
    return { old, pagesLeft, warmUntil, stopped: surplus }
  },
}

/** Warm versions, the one with the longest window first; of those that left together, the newest. */
function warmVersions(versions: readonly { name: string; warmUntil: number | undefined }[], current: string): string[] {
  return versions
    .filter((each) => each.name !== current && each.warmUntil !== undefined)
    .toReversed()
    .toSorted((a, b) => (b.warmUntil ?? 0) - (a.warmUntil ?? 0))
    .map((each) => each.name)
}
