// What a journal or a run's state cannot become. Thrown by every adapter, before anything is written.
import { ConveyorError } from "../kernel/errors/errors.ts"
import { hasEnded } from "./records.ts"
import type { JournalEvent, ReleaseRecord, ReleaseState, WhyIllegal } from "./records.ts"

/** @throws ConveyorError "illegal-event" */
export function assertLegal(
  whyIllegal: WhyIllegal,
  run: ReleaseRecord,
  before: readonly JournalEvent[],
  { step, event }: Pick<JournalEvent, "step" | "event">,
): void {
  const why = whyIllegal(run, before, { step, event })
  if (why === undefined) return
  throw new ConveyorError("illegal-event", `"${step} ${event}" of run ${run.id} is not written: ${why}`, {
    facts: { run: run.id, step, event },
    hint,
  })
}

/** @throws ConveyorError "illegal-event" */
export function assertNotEnded({ id, kind, state: was }: ReleaseRecord, state: ReleaseState): void {
  if (!hasEnded(was)) return
  throw new ConveyorError("illegal-event", `run ${id} (${kind}) has ended: it is ${was}, and does not become ${state}`, {
    facts: { run: id, was, state },
    hint,
  })
}

const hint = "conveyor status shows how far the run has come."
