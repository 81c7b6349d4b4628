// What was changed in a time, from the journal: which release did it is found among these. Called by the watch when an incident opens.
import type { Ports } from "../../release/ports.ts"
import type { JournalEvent, ReleaseRecord } from "../../store/records.ts"
import type { Cause } from "../../watch/incidents/suspects.ts"

/** Runs of the past that are looked through. */
const newest = 30

export async function causesOf({ queue, versions, journal }: Ports, fromMs: number, untilMs: number): Promise<Cause[]> {
  const runs = (await queue.before(Number.MAX_SAFE_INTEGER, newest)).toReversed()
  const byRun = runs.map(async (run) => {
    const changes = (await versions.find(run.version))?.changes ?? []
    return (await journal.of(run.id)).flatMap((event) => causeOf(run, changes, event))
  })
  const all = (await Promise.all(byRun)).flat()
  return all.filter(({ at }) => at >= fromMs && at <= untilMs)
}

/** Steps whose beginning changes something for users; all else happens beside them. Of expand and backfill only with a change. */
const touches: Readonly<Record<string, (run: ReleaseRecord) => string>> = {
  expand: ({ version }) => `the databases got the changes of ${version} (expand)`,
  backfill: ({ version }) => `rows are moved for ${version} (backfill)`,
  contract: ({ change }) => `${change ?? "a change"} was contracted`,
  abort: ({ change }) => `${change ?? "a change"} was taken back`,
  switch: ({ version, kind }) => `${version} became current${kind === "rollback" ? " again, by a rollback" : ""}`,
}

function causeOf(run: ReleaseRecord, changes: readonly string[], { step, event, at }: JournalEvent): Cause[] {
  const words = touches[step]?.(run)
  const hasNothingToDo = (step === "expand" || step === "backfill") && changes.length === 0
  if (words === undefined || hasNothingToDo) return []
  if (event === "started") return [{ what: words, at, place: { version: run.version } }]
  return event === "undo_started" ? [{ what: `taken back: ${words}`, at, place: {} }] : []
}
