// Where in the queue a run is, in words. Shown by conveyor status, and to whoever follows the run.
import type { Run } from "../../server/protocol/runs.ts"

/** Undefined for a run that nothing goes before. */
export function aheadWords(ahead: readonly Run[]): string | undefined {
  const [next, ...others] = ahead
  if (next === undefined) return undefined
  const what = `run ${next.id} (${next.kind} ${next.change ?? next.version})`
  const more = others.length === 0 ? "" : `, and ${others.length} more after it`
  return `number ${ahead.length + 1} in the queue: ${what} ${next.state === "running" ? "is under way" : "goes first"}${more}`
}
