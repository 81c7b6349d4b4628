// Waiting for users to leave a version: first its pages, then its requests. Called by steps and by the keeper.
import { seconds } from "../../kernel/time/duration.ts"
import { until } from "../../kernel/time/until.ts"
import type { SilentMember, VersionTraffic } from "../../edge/edge.ts"
import type { Holds } from "../holds/holds.ts"
import type { Ports, Progress } from "../ports.ts"

type Report = (progress: Progress) => void

/** How long the edge may take to close the streams of a version whose time is up. */
const cutsWithinMs = seconds(5)

/** Where there are `holds`, the wait is one. Resolves when the last page has reloaded or the time is up, whichever is first. Gives how many pages were left. */
export async function pagesAreGone(
  ports: Ports,
  versions: readonly string[],
  reloadBy: number,
  signal: AbortSignal,
  report: Report,
  holds?: Holds,
): Promise<number> {
  for (;;) {
    const { versions: seen, silent } = await ports.pages.observe(signal)
    const pages = versions.reduce((sum, name) => sum + (seen[name]?.open ?? 0), 0)
    const leftMs = reloadBy - ports.clock.now()
    const areGone = pages === 0 && silent.length === 0
    if (areGone || leftMs <= 0) {
      await holds?.over("pages gone", areGone ? "met" : "bound")
      return pages
    }
    const left = [count(pages, "page"), ...silent.map(unknownAt)].join(", ")
    await holds?.stand({ until: "pages gone", boundMs: leftMs, reason: `${left} of ${versions.join(", ")} had not reloaded yet` })
    report({ message: `${left} of ${versions.join(", ")} to reload within ${Math.ceil(leftMs / 1_000)} s` })
    await ports.clock.sleep(Math.min(200, leftMs), signal)
  }
}

/** @throws TimedOutError with what is still under way. */
export async function inFlightIsZero(
  ports: Ports,
  versions: readonly string[],
  withinMs: number,
  signal: AbortSignal,
  report: Report,
): Promise<void> {
  await until(
    async () => {
      const { versions: loads, silent } = await ports.metering.observe(signal)
      const known = versions.map((name) => inFlightOf(name, loads[name])).filter((line) => line !== undefined)
      const left = [...known, ...silent.map(unknownAt)]
      if (left.length === 0) return { done: true }
      report({ message: left.join(", ") })
      return { notYet: left.join(", ") }
    },
    { what: `nothing in flight on ${versions.join(", ")}`, everyMs: 50, withinMs: withinMs + cutsWithinMs, clock: ports.clock, signal },
  )
}

function inFlightOf(version: string, load: VersionTraffic | undefined): string | undefined {
  return load === undefined || load.inFlight === 0 ? undefined : `${load.inFlight} in flight on ${version}`
}

const unknownAt = ({ member, reason }: SilentMember) => `an unknown number at edge ${member}, which does not answer (${reason})`

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`
