// The holds of one step, in its run's journal: each is written once when it begins and once when it is over, however often
// it is looked at, and by whichever control plane. Made by run.ts for each step.
import type { JournalEvent } from "../../store/records.ts"
import type { StepName } from "../plan.ts"
import type { Ports, Progress } from "../ports.ts"
import { isOverAs, standingHolds, standsAs } from "./hold.ts"
import type { Hold, HoldCondition, HoldEnd } from "./hold.ts"

export interface NewHold {
  until: HoldCondition
  /** How long at the most, from when it begins. */
  boundMs: number
  reason: string
}

export interface Holds {
  /** Gives the hold as it stands: where it has stood before, with the moments of then. */
  stand(hold: NewHold): Promise<Hold>
  /** Nothing, where none stands. */
  over(until: HoldCondition, how: HoldEnd): Promise<void>
}

export function holdsOf(
  run: number,
  step: StepName,
  { journal, clock }: Pick<Ports, "journal" | "clock">,
  onEvent: (event: JournalEvent) => void,
): Holds {
  let known: Promise<Map<HoldCondition, Hold>> | undefined
  const stood = () => (known ??= standingIn(journal, run, step))
  return {
    async stand({ until, boundMs, reason }) {
      const standing = await stood()
      const stands = standing.get(until)
      if (stands !== undefined) return stands
      const hold = { until, since: clock.now(), bound: clock.now() + boundMs, reason }
      onEvent(await journal.record(run, step, "started", standsAs(hold)))
      standing.set(until, hold)
      return hold
    },

    async over(until, how) {
      const standing = await stood()
      const stands = standing.get(until)
      if (stands === undefined) return
      onEvent(await journal.record(run, step, "started", isOverAs({ until, how, heldMs: clock.now() - stands.since })))
      standing.delete(until)
    },
  }
}

async function standingIn(journal: Ports["journal"], run: number, step: StepName): Promise<Map<HoldCondition, Hold>> {
  return new Map(standingHolds(await journal.of(run), step).map((each) => [each.until, each]))
}

export interface Waiting {
  ports: Pick<Ports, "clock">
  holds: Holds
  report: (progress: Progress) => void
  signal: AbortSignal
}

export interface Condition {
  until: HoldCondition
  boundMs: number
  everyMs: number
  /** Why it is not so yet; undefined once it is. */
  whyNot: () => Promise<string | undefined>
}

/** Waits in the open. What is so at the first look was never held. */
export async function holdUntil(condition: Condition, { ports: { clock }, holds, report, signal }: Waiting): Promise<HoldEnd> {
  const { until, boundMs, everyMs, whyNot } = condition
  for (;;) {
    const reason = await whyNot()
    const { bound } = reason === undefined ? { bound: Infinity } : await holds.stand({ until, boundMs, reason })
    const leftMs = bound - clock.now()
    if (reason === undefined || leftMs <= 0) {
      const how = reason === undefined ? "met" : "bound"
      await holds.over(until, how)
      return how
    }
    report({ message: `holding until ${until}: ${reason}; for ${Math.ceil(leftMs / 1_000)} s at the most` })
    await clock.sleep(Math.min(everyMs, leftMs), signal)
  }
}
