// What a run is going to do, as data. Pure: made from what was asked, carried out by run.ts, shown by `conveyor plan`.
import type { ReleaseKind } from "../store/records.ts"

export const stepNames = [
  "build",
  "test",
  "expand",
  "backfill",
  "start",
  "verify",
  "switch",
  "bake",
  "retire",
  "contract",
  "abort",
  "repack",
] as const
export type StepName = (typeof stepNames)[number]

/** Kinds of run that bring a version to the users; the others work on the fleet and leave the versions alone. */
export const servesUsers = { release: true, rollback: true, contract: false, abort: false, repack: false } as const satisfies Record<
  ReleaseKind,
  boolean
>

export interface Plan {
  steps: readonly StepName[]
  /** When this step has succeeded the run has done what was asked: a later failure takes nothing back. */
  doneAfter: StepName
}

export const plans: Readonly<Record<ReleaseKind, Plan>> = {
  release: {
    steps: ["build", "test", "expand", "backfill", "start", "verify", "switch", "bake", "retire"],
    doneAfter: "bake",
  },
  // The version was built and tested when it was released, and its changes are checked before the run.
  rollback: { steps: ["start", "verify", "switch", "retire"], doneAfter: "switch" },
  contract: { steps: ["contract"], doneAfter: "contract" },
  abort: { steps: ["abort"], doneAfter: "abort" },
  repack: { steps: ["repack"], doneAfter: "repack" },
}
