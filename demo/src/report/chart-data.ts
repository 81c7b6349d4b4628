// The witness's seconds as columns, the way the charts take them. Pure; called by render.ts, read by charts.browser.js.
import type { SecondSlice } from "@conveyor/witness/result"
import type { Mark, ReportData } from "./report.ts"

export interface ChartData {
  /** The first and last moment of the charts, in ms since the Unix epoch; everything else counts seconds from the first. */
  from: number
  to: number
  seconds: readonly number[]
  versions: readonly VersionColumns[]
  failed: readonly number[]
  marks: readonly (Omit<Mark, "at"> & { at: number })[]
}

/** One value for each of `seconds`; null where the version answered nothing. */
interface VersionColumns {
  name: string
  requests: readonly number[]
  p50: readonly (number | null)[]
  p99: readonly (number | null)[]
}

export function chartData({ timeline, marks, report }: ReportData): ChartData {
  const steps = report.releases.flatMap((release) => release.steps)
  const moments = [
    ...timeline.flatMap(({ second }) => [second * 1_000, second * 1_000 + 1_000]),
    ...steps.flatMap(({ startedAt, ms }) => [startedAt, startedAt + ms]),
    ...marks.map(({ at }) => at),
  ]
  const from = Math.floor(least(moments, 0) / 1_000) * 1_000
  const to = Math.max(
    from + 1_000,
    -least(
      moments.map((moment) => -moment),
      0,
    ),
  )
  const seconds = Array.from({ length: Math.ceil((to - from) / 1_000) }, (_, n) => n)
  const bySecond = Map.groupBy(timeline, ({ second }) => second - from / 1_000)
  const names = [...new Set(timeline.map(({ version }) => version))]
  return {
    from,
    to,
    seconds,
    versions: names.map((name) => versionColumns(name, seconds, bySecond)),
    failed: seconds.map((second) => (bySecond.get(second) ?? []).reduce((sum, { failed }) => sum + failed, 0)),
    marks: marks.map((mark) => ({ ...mark, at: (mark.at - from) / 1_000 })),
  }
}

function versionColumns(name: string, seconds: readonly number[], bySecond: ReadonlyMap<number, readonly SecondSlice[]>): VersionColumns {
  const slices = seconds.map((second) => bySecond.get(second)?.find(({ version }) => version === name))
  return {
    name,
    requests: slices.map((slice) => slice?.requests ?? 0),
    p50: slices.map((slice) => slice?.p50Ms ?? null),
    p99: slices.map((slice) => slice?.p99Ms ?? null),
  }
}

const least = (numbers: readonly number[], otherwise: number) => numbers.reduce((a, b) => Math.min(a, b), numbers[0] ?? otherwise)
