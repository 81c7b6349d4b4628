// The steps of a run as data: what each is going to do, made by plan-run.ts from what is wished and what is seen, carried out by
// steps/, shown by `conveyor plan`. Durations in milliseconds.
import type { Wave } from "../copies/waves.ts"

/** What cannot be known before: the step looks itself, and this says why. */
export interface ToBeAsked {
  is: "to-be-asked"
  because: string
}

/** Names of changes, oldest first. */
export type PlannedChanges = { is: "known"; changes: readonly string[] } | ToBeAsked

export interface PlannedSteps {
  build: { command: string | undefined; artifact: string | undefined }
  test: { does: "run"; command: string } | { does: "skip"; because: string }
  expand: { of: PlannedChanges }
  backfill: { of: PlannedChanges }
  /** `copies`: of each service, in the end. */
  start: { copies: Readonly<Record<string, number>>; waves: readonly Wave[]; waitForUsersMs: number }
  /** How each service's copies are asked, in words; and how often before they get requests, besides these paths. */
  verify: {
    questions: Readonly<Record<string, string>>
    warmUp: "no" | { times: number; paths: Readonly<Record<string, readonly string[]>> }
  }
  switch: { from: string | undefined; generation: number } | ToBeAsked
  bake: { against: string | undefined; forMs: number } | ToBeAsked
  retire: { old: string | undefined; noticeMs: number; warmMs: number } | ToBeAsked
  contract: { change: string }
  abort: { change: string }
  repack: { change: string }
}

export type PlannedStep<Name extends keyof PlannedSteps = keyof PlannedSteps> = {
  [Step in Name]: { step: Step; plan: PlannedSteps[Step] }
}[Name]

/** Of a run's plan. @throws where the run has no such step: nobody carries out what was not planned. */
export function plannedFor<Name extends keyof PlannedSteps>(name: Name, planned: readonly PlannedStep[]): PlannedSteps[Name] {
  const found = planned.find((each) => each.step === name)
  if (found === undefined) throw new Error(`${name} was not planned`)
  return found.plan as PlannedSteps[Name]
}
