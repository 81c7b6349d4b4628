// The shape of a step, and what it is given. A step is idempotent: it begins by observing, and running it again after
// a crash at any moment carries on.
import type { Config } from "../../config/config.ts"
import type { Facts } from "../../kernel/errors/errors.ts"
import type { JournalEvent, ReleaseRecord, VersionRecord } from "../../store/records.ts"
import type { Holds } from "../holds/holds.ts"
import type { PlannedStep } from "../planning/planned.ts"
import type { Ports, Progress } from "../ports.ts"

export interface StepContext {
  ports: Ports
  release: ReleaseRecord
  /** As it is now: a step that needs the artifact finds it here after build. */
  version: () => VersionRecord
  config: Config
  /**
   * The shards that did not answer and do not matter, where the fleet was asked when the run was begun, a moment ago: since then no
   * contract can have run beside it.
   */
  fitsWithout: readonly string[] | "to-be-asked"
  /** What every step of the run is going to do: made from what was seen when this control plane took the run up. */
  planned: readonly PlannedStep[]
  signal: AbortSignal
  onEvent: (event: JournalEvent) => void
  report: (progress: Progress) => void
  /** Where the step waits for something that may take long: in the journal, and shown as long as it waits. */
  holds: Holds
}

export interface Step {
  /** What the run needs to know later, even after a crash: observed before the first start and journaled with it. */
  prepare?: (context: StepContext) => Promise<Facts>
  /** Gives facts for the journal. `prepared` are the facts of the first start. */
  run: (context: StepContext, prepared: Facts) => Promise<Facts>
  /** Takes the effect back; where a step has none, going back leaves what it did. */
  undo?: (context: StepContext, prepared: Facts) => Promise<Facts>
}
