// A step with its journal around it: every effect is announced on disk before it begins, and its end is recorded.
// Called by run.ts.
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import type { Facts } from "../kernel/errors/errors.ts"
import type { JournalEventName } from "../store/records.ts"
import type { StepName } from "./plan.ts"
import type { Step, StepContext } from "./steps/step.ts"

/** The control plane is going down in good order: nothing failed, the next one carries on. */
export class Interrupted extends ConveyorError {
  constructor() {
    super("interrupted", "the control plane is stopping; the next one carries on from here")
    this.name = "Interrupted"
  }
}

export async function doStep(name: StepName, step: Step, context: StepContext): Promise<void> {
  const record = recorder(name, context)
  try {
    const prepared = (await preparedBefore(name, context)) ?? (await step.prepare?.(context)) ?? {}
    await record("started", prepared)
    await record("succeeded", await step.run(context, prepared))
  } catch (thrown) {
    if (wasInterrupted(context.signal)) throw thrown
    await record("failed", factsOf(thrown))
  }
}

export async function undoStep(name: StepName, step: Step, context: StepContext): Promise<void> {
  const record = recorder(name, context)
  await record("undo_started", {})
  try {
    await record("undo_finished", (await step.undo?.(context, (await preparedBefore(name, context)) ?? {})) ?? {})
  } catch (thrown) {
    if (wasInterrupted(context.signal)) throw thrown
    await record("undo_failed", factsOf(thrown))
  }
}

const wasInterrupted = (signal: AbortSignal): boolean => signal.aborted && signal.reason instanceof Interrupted

function recorder(step: StepName, { ports, release, onEvent }: StepContext): (event: JournalEventName, facts: Facts) => Promise<void> {
  return async (event, facts) => onEvent(await ports.journal.record(release.id, step, event, facts))
}

/** What the first start observed: a later start, after a crash, would observe its own effects. */
async function preparedBefore(step: StepName, { ports, release }: StepContext): Promise<Facts | undefined> {
  return (await ports.journal.of(release.id)).find((event) => event.step === step && event.event === "started")?.facts
}

function factsOf(thrown: unknown): Facts {
  const { code, hint, facts } =
    thrown instanceof ConveyorError ? thrown : { code: "unexpected", hint: undefined, facts: { stack: stackOf(thrown) } }
  return { message: describe(thrown), code, hint, facts }
}

const stackOf = (thrown: unknown) => (thrown instanceof Error ? thrown.stack : undefined)
