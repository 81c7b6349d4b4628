// What a plan of changes looks like on the terminal: each statement once for all shards that are to get the same. Called by
// `conveyor change plan`.
import type { PlannedStatement } from "../../change/engine.ts"
import { formatDuration } from "../../kernel/time/duration.ts"
import { bold, columns, dim } from "./paint.ts"

/** Time and disk are those of the shard that needs most. */
export function* plannedLines(statements: readonly PlannedStatement[]): Generator<string> {
  if (statements.length === 0) yield dim("nothing is left to do on any shard")
  const shards = [...Map.groupBy(statements, ({ shard }) => shard)].map(([name, own]) => ({ name, own }))
  for (const group of Map.groupBy(shards, ({ own }) => sameWork(own)).values()) {
    yield bold(group.map(({ name }) => name).join(", "))
    for (const [i, statement] of (group[0]?.own ?? []).entries()) {
      const most = (pick: (one: PlannedStatement) => number) => Math.max(...group.map(({ own }) => pick(own[i] ?? statement)))
      const bytes = most(({ estimatedBytes }) => estimatedBytes)
      yield* columns([
        [
          `  ${statement.phase}`,
          `lock ${statement.lock}`,
          `about ${formatDuration(most(({ estimatedMs }) => estimatedMs))}`,
          bytes > 0 ? `${formatBytes(bytes)} of disk` : "",
        ],
      ]).map(dim)
      yield* statement.sql.split("\n").map((line) => `    ${line}`)
    }
  }
}

/** How many pages a batch goes over follows from the size of the shard, and is no difference. */
const sameWork = (own: readonly PlannedStatement[]): string =>
  JSON.stringify(own.map(({ phase, lock, sql }) => [phase, lock, phase === "backfill" ? sql.replaceAll(/ctid < '\(\d+,0\)'/g, "") : sql]))

const units = ["B", "kB", "MB", "GB", "TB"]

function formatBytes(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${Math.round(bytes / 1_000 ** power)} ${units[power] ?? "B"}`
}
