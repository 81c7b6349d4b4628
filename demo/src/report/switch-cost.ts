// What a switch costs the slowest request. A figure and not a promise: it is a time on whatever machine this runs on, and everything
// else that runs there is in it (docs/decisions/0006). Shown by sections.ts.
import type { ReleaseReport, ReportData } from "./report.ts"

export const secondsBefore = 10

/** Undefined where no switch has both a second of its own and one before it. */
export function switchAddsMs({ report, timeline }: ReportData): number | undefined {
  const slowestBetween = (from: number, to: number) => {
    const maxima = timeline.filter(({ second }) => second >= from && second <= to).map(({ maxMs }) => maxMs)
    return maxima.length === 0 ? undefined : Math.max(...maxima)
  }
  const added = report.releases.flatMap(switchesOf).map(({ startedAt, ms }) => {
    const first = Math.floor(startedAt / 1_000)
    const during = slowestBetween(first, Math.floor((startedAt + ms) / 1_000))
    const before = slowestBetween(first - secondsBefore, first - 1)
    return during === undefined || before === undefined ? undefined : Math.max(0, during - before)
  })
  const measured = added.filter((ms) => ms !== undefined)
  return measured.length === 0 ? undefined : Math.max(...measured)
}

const switchesOf = ({ steps }: ReleaseReport) => steps.filter(({ name }) => name === "switch")
