// What a release would do, found out without changing anything: asked of the repository, the shards, the runtime and
// the edge as they are now. Called for `conveyor plan`.
import type { PlannedStatement } from "../../change/engine.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { stepInWords } from "../../release/planning/in-words.ts"
import { observe } from "../../release/planning/observed.ts"
import { planRun } from "../../release/planning/plan-run.ts"
import type { PlannedStep } from "../../release/planning/planned.ts"
import type { Ports } from "../../release/ports.ts"
import { changesIn } from "../../release/fit/versions.ts"
import type { PlanReport } from "../protocol/reports.ts"

export async function planReport(ports: Ports, revision: string, signal: AbortSignal): Promise<PlanReport> {
  const named = /^v\d+$/.test(revision) ? await ports.versions.find(revision) : undefined
  const { commit, subject } = named ?? (await ports.builder.resolve(revision))
  const config = await ports.readConfig(commit)
  const version = await ports.versions.ofCommit(commit)
  const wish = { kind: "release", commit, version, config } as const
  const planned = planRun(wish, await observe(ports, wish, { journal: [], fleet: "look", signal }))
  const { statements, unknown } = await plannedStatements(ports, commit, signal)
  return {
    commit,
    subject,
    version: version?.name,
    steps: planned.map((each) => ({ step: each.step, does: inWords(each, statements, unknown), plan: { ...each.plan } })),
    statements,
    unknown: unknown === undefined ? [] : [unknown],
  }
}

/** Of the fleet's steps, what they do is their statements. */
function inWords(each: PlannedStep, statements: readonly PlannedStatement[], unknown: string | undefined): string {
  if (each.step !== "expand" && each.step !== "backfill") return stepInWords(each)
  return unknown ?? count(statements, each.step, new Set(statements.map((statement) => statement.shard)).size)
}

/** The commit's change files are read from the repository, so that nothing has to be built first. */
async function plannedStatements(ports: Ports, commit: string, signal: AbortSignal): Promise<Planned> {
  const config = await ports.readConfig(commit)
  const engine = ports.changeEngine(config)
  if (engine === undefined) return { statements: [], unknown: undefined }
  const changes = await changesIn(ports, commit, config)
  try {
    return { statements: await engine.plan(changes, signal), unknown: undefined }
  } catch (thrown) {
    signal.throwIfAborted()
    if (!(thrown instanceof ConveyorError) || thrown.code !== "shard-unreachable") throw thrown
    return { statements: [], unknown: `unknown while a shard does not answer: ${thrown.message}` }
  }
}

interface Planned {
  statements: PlannedStatement[]
  unknown: string | undefined
}

function count(statements: readonly PlannedStatement[], phase: PlannedStatement["phase"], shards: number): string {
  const own = statements.filter((statement) => statement.phase === phase).length
  return own === 0 ? "nothing" : `${own} ${own === 1 ? "statement" : "statements"} on ${shards} ${shards === 1 ? "shard" : "shards"}`
}
