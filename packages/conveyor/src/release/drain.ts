// Waiting for users to leave a version: first its pages, then its requests. Called by steps and by the keeper.
import { seconds } from "../kernel/duration.ts"
import { until } from "../kernel/until.ts"
import type { VersionLoad } from "../edge/edge.ts"
import type { Ports, Progress } from "./ports.ts"

type Report = (progress: Progress) => void

/** How long the edge may take to close the streams of a version whose time is up. */
const cutsWithinMs = seconds(5)

/** Resolves when the last page has reloaded or the time is up, whichever is first. Gives how many pages were left. */
export async function pagesAreGone(
  ports: Ports,
  versions: readonly string[],
  reloadBy: number,
  signal: AbortSignal,
  report: Report,
): Promise<number> {
  for (;;) {
    const loads = (await ports.routing.observe(signal)).versions
    const pages = versions.reduce((sum, name) => sum + (loads[name]?.pages ?? 0), 0)
    const leftMs = reloadBy - ports.clock.now()
    if (pages === 0 || leftMs <= 0) return pages
    report({ message: `${count(pages, "page")} of ${versions.join(", ")} to reload within ${Math.ceil(leftMs / 1_000)} s` })
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
      const loads = (await ports.routing.observe(signal)).versions
      const left = versions.map((name) => inFlightOf(name, loads[name])).filter((line) => line !== undefined)
      if (left.length === 0) return { done: true }
      report({ message: left.join(", ") })
      return { notYet: left.join(", ") }
    },
    { what: `nothing in flight on ${versions.join(", ")}`, everyMs: 50, withinMs: withinMs + cutsWithinMs, clock: ports.clock, signal },
  )
}

function inFlightOf(version: string, load: VersionLoad | undefined): string | undefined {
  return load === undefined || load.inFlight === 0 ? undefined : `${load.inFlight} in flight on ${version}`
}

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`
