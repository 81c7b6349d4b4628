// switch: generation N+1, in which new pages go to the new version, acknowledged by every edge. Undone by N+2 back.
import { seconds } from "../../kernel/time/duration.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { wellCopies } from "../copies/well-copies.ts"
import { handOverWork } from "../copies/workers.ts"
import { inFlightIsZero, pagesAreGone } from "../routing/drain.ts"
import { switchedTo, targetsOf, wentBack, without } from "../routing/table.ts"
import { routesOf } from "../fit/versions.ts"
import type { Config } from "../../config/config.ts"
import type { EdgeCapability, Route } from "../../edge/edge.ts"
import type { ReleaseKind } from "../../store/records.ts"
import type { Probation } from "../routing/table.ts"
import type { Step } from "./step.ts"

/** A rollback has no bake: where it goes to is known. */
function probationFor(kind: ReleaseKind, config: Config, can: readonly EdgeCapability[]): Probation {
  const { rescue, compare } = config.release.bake
  const isNew = kind === "release"
  return {
    rescue: isNew && rescue === "safe-requests" && can.includes("rescue") ? "rescue" : "no-rescue",
    compare: isNew && compare === "safe-requests" && can.includes("compare") ? "compare" : "no-compare",
  }
}

/** Pages of a version that has just failed are not left on it for long. */
const longestNoticeOfFailureMs = seconds(10)

export const switchStep: Step = {
  async prepare({ ports, version, signal }) {
    const { table } = await ports.routing.observe(signal)
    const { versions } = await ports.metering.observe(signal)
    return {
      previous: table?.current === version().name ? undefined : table?.current,
      routes: table?.routes,
      countersBefore: Object.fromEntries(Object.entries(versions).map(([name, load]) => [name, load.counters])),
    }
  },

  async run({ ports, release, version, config, signal, report }) {
    const within = { missing: "wait", withinMs: config.release.start_within } as const
    const well = await wellCopies(ports, { version: version().name, config, ...within, signal, report })
    const copies = well.copies.filter(({ service }) => routesOf(config).some((route) => route.service === service))
    const next = { name: version().name, release: copies[0]?.release ?? `r-${release.id}`, routes: routesOf(config), copies }
    const probation = probationFor(release.kind, config, await ports.routing.capabilities(signal))
    const makeCurrent = async () => {
      const startedAt = ports.clock.now()
      const table = await ports.routing.change((now) => {
        const isDone = now?.current === next.name && JSON.stringify(now.versions[next.name]?.targets) === JSON.stringify(targetsOf(copies))
        return isDone ? now : switchedTo(now, next, probation)
      }, signal)
      const switchedAt = ports.clock.now()
      return { generation: table?.generation, switchedAt, switchMs: switchedAt - startedAt }
    }
    const old = release.kind === "release" ? "wait" : "do-not-wait"
    const switched = await handOverWork(ports, { to: next.name, old, signal, report }, makeCurrent)
    await ports.versions.keepWarm(next.name, undefined)
    return switched
  },

  async undo({ ports, version, config, signal, report }, prepared) {
    const bad = version().name
    const { previous, routes } = prepared as { previous?: string; routes?: readonly Route[] }
    if (previous === undefined || routes === undefined) return { kept: "there is no version to go back to" }

    const announcedAt = ports.clock.now()
    const notice = { announcedAt, reloadBy: announcedAt + Math.min(longestNoticeOfFailureMs, config.release.notice) }
    const goBack = () =>
      ports.routing.change((now) => {
        if (now === undefined || now.current !== bad) return now
        if (previous in now.versions) return wentBack(now, { bad, previous, routes, notice })
        throw new ConveyorError("no-way-back", `${previous} is no longer in the routing table`, {
          facts: { previous, generation: now.generation },
          hint: `Go back by hand: conveyor rollback ${previous}`,
        })
      }, signal)
    const table = await handOverWork(ports, { to: previous, old: "do-not-wait", signal, report }, goBack)
    await ports.versions.keepWarm(previous, undefined)

    await pagesAreGone(ports, [bad], table?.versions[bad]?.notice?.reloadBy ?? announcedAt, signal, report)
    await ports.routing.change((now) => (now !== undefined && bad in now.versions ? without(now, [bad]) : now), signal)
    await inFlightIsZero(ports, [bad], config.release.stop_grace, signal, report)
    return { generation: table?.generation }
  },
}
