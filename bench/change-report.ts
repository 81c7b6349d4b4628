// The change engine's bench as a report. Called by main.ts.
import { benchChange } from "./change/scenario.ts"
import type { BackfillFigures } from "./change/scenario.ts"
import type { BenchContext, BenchReport, Row } from "./report.ts"

const load = { rows: 1_000_000, perSecond: 200 }

export async function reportChange({ log }: BenchContext): Promise<BenchReport> {
  const figures = await benchChange({ ...load, log })
  const { baseline, backfills, triggerCost, ratios } = figures
  const rows: Row[] = [
    ...ratios.map(({ what, value, limit, holds }) => ({
      what,
      value: `${value.toFixed(2)} of ${limit}${holds ? "" : ", not held"}`,
      how: "one server, each run on a fresh copy of the table",
    })),
    ...[baseline, ...backfills].map((figure) => ({ what: figure.name, ...describeBackfill(figure) })),
    {
      what: "a row's insert and update, with sync triggers against without",
      value: `${(triggerCost.insertWithSyncUs / triggerCost.insertUs).toFixed(2)}x and ${(triggerCost.updateWithSyncUs / triggerCost.updateUs).toFixed(2)}x`,
      how: "many rows in one statement",
    },
  ]
  return { rows, figures }
}

function describeBackfill({ rowsPerSecond, heapGrowth, indexGrowth, p99Ms }: BackfillFigures): Pick<Row, "value" | "how"> {
  return {
    value: `${Math.round(rowsPerSecond)} rows/s, p99 ${p99Ms.toFixed(1)} ms`,
    how: `heap ${heapGrowth.toFixed(2)}x, indexes ${indexGrowth.toFixed(2)}x; beside ${load.perSecond} transactions a second`,
  }
}
