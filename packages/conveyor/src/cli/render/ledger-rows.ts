// The ledger of uptime as rows. Called by conveyor watch ledger.
import { formatDuration } from "../../kernel/time/duration.ts"
import type { UptimeReport } from "../../server/protocol/watch.ts"
import { columns, dim, green, red, yellow } from "./paint.ts"

const verdicts = { kept: green, broken: red, "not known": yellow }

export function ledgerRows(uptimes: readonly UptimeReport[]): string[] {
  return columns([["check", "up", "seen", "down", "outages", "goal", ""].map(dim), ...uptimes.map(row)])
}

function row({ check, least, most, seen, downMs, outages, goal, kept }: UptimeReport): string[] {
  const up = percent(least) === percent(most) ? percent(least) : `${percent(least)} to ${percent(most)}`
  return [
    check,
    up,
    percent(seen),
    formatDuration(Math.round(downMs / 1_000) * 1_000),
    String(outages.length),
    percent(goal),
    verdicts[kept](kept),
  ]
}

/** Never rounded up to more than it was. */
const percent = (part: number) => `${(Math.floor(part * 100_000) / 1_000).toFixed(3)}%`
