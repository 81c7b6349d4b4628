// A planned step in a line for people. Pure. Called for `conveyor plan`.
import { formatDuration } from "../../kernel/time/duration.ts"
import type { PlannedChanges, PlannedStep, PlannedSteps } from "./planned.ts"

export function stepInWords({ step, plan }: PlannedStep): string {
  return (words[step] as (plan: PlannedSteps[keyof PlannedSteps]) => string)(plan)
}

const words: { [Step in keyof PlannedSteps]: (plan: PlannedSteps[Step]) => string } = {
  build: ({ command, artifact }) => (artifact === undefined ? (command ?? "unpack the commit") : `nothing: artifact ${artifact} exists`),
  test: (plan) => (plan.does === "run" ? plan.command : `nothing: ${plan.because}`),
  expand: ({ of }) => changes(of),
  backfill: ({ of }) => changes(of),
  start: ({ copies, waves }) => {
    const all = Object.entries(copies).map(([service, count]) => `${count} of ${service}`)
    if (waves.length === 0) return `nothing: ${all.join(", ")} run already`
    return `${all.join(", ")}${waves.length === 1 ? "" : `, in ${waves.length} waves`}`
  },
  verify: ({ questions, warmUp }) => {
    const asked = `each new copy: ${[...new Set(Object.values(questions))].join(", ")}`
    if (warmUp === "no" || warmUp.times === 0) return asked
    const paths = Object.values(warmUp.paths).flat()
    return `${asked}; then ${warmUp.times} times${paths.length === 0 ? "" : `, with ${paths.join(", ")},`} to warm it up`
  },
  switch: (plan) =>
    "because" in plan
      ? unknown(plan)
      : `generation ${plan.generation}: new pages to the new version${plan.from === undefined ? "" : `, pages of ${plan.from} stay`}`,
  bake: (plan) => {
    if ("because" in plan) return unknown(plan)
    return plan.against === undefined
      ? "nothing: there is no version to compare with"
      : `compare with ${plan.against} over ${plan.forMs / 1_000} s`
  },
  retire: (plan) => {
    if ("because" in plan) return unknown(plan)
    if (plan.old === undefined) return "nothing"
    return `pages of ${plan.old} reload within ${formatDuration(plan.noticeMs)}; kept warm for ${formatDuration(plan.warmMs)}`
  },
  contract: ({ change }) => `what ${change} has made unused is dropped`,
  abort: ({ change }) => `${change} is taken away again`,
  repack: ({ change }) => `rows that still carry what ${change} dropped are written anew`,
}

const unknown = ({ because }: { because: string }) => `unknown: ${because}`

const changes = (of: PlannedChanges): string => {
  if (of.is === "to-be-asked") return unknown(of)
  return of.changes.length === 0 ? "nothing" : of.changes.join(", ")
}
