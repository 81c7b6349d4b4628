// What a release would do, found out without changing anything: asked of the repository, the shards, the runtime and
// the edge as they are now. Called for `conveyor plan`.
import type { PlannedStatement } from "../change/engine.ts"
import { healthOf } from "../config/config.ts"
import type { Config } from "../config/config.ts"
import { ConveyorError } from "../kernel/errors.ts"
import { checkInWords } from "../kernel/health-check.ts"
import { plans } from "../release/plan.ts"
import type { Ports } from "../release/ports.ts"
import { changesIn } from "../release/fit/versions.ts"
import type { PlanReport } from "./protocol/reports.ts"

export async function planReport(ports: Ports, revision: string, signal: AbortSignal): Promise<PlanReport> {
  const named = /^v\d+$/.test(revision) ? await ports.versions.find(revision) : undefined
  const { commit, subject } = named ?? (await ports.builder.resolve(revision))
  const config = await ports.readConfig(commit)
  const version = await ports.versions.ofCommit(commit)
  const { statements, unknown } = await plannedStatements(ports, commit, signal)
  const { table } = await ports.routing.observe(signal)

  const copies = Object.entries(config.services).map(([service, { copies }]) => `${copies} of ${service}`)
  const shards = new Set(statements.map((statement) => statement.shard)).size
  const does: Record<string, string> = {
    build: version?.artifact === undefined ? (config.build?.run ?? "unpack the commit") : `nothing: artifact ${version.artifact.id} exists`,
    test: config.test?.run ?? "nothing: conveyor.yml names no test command",
    expand: unknown ?? count(statements, "expand", shards),
    backfill: unknown ?? count(statements, "backfill", shards),
    start: copies.join(", "),
    verify: `each new copy: ${questions(config)}`,
    switch: `generation ${(table?.generation ?? 0) + 1}: new pages to the new version${table === undefined ? "" : `, pages of ${table.current} stay`}`,
    bake:
      table === undefined
        ? "nothing: there is no version to compare with"
        : `compare with ${table.current} over ${config.release.bake.for / 1_000} s`,
    retire:
      table === undefined
        ? "nothing"
        : `pages of ${table.current} reload within ${config.release.notice / 60_000} min; kept warm for ${config.release.rollback_window / 3_600_000} h`,
  }
  return {
    commit,
    subject,
    version: version?.name,
    steps: plans.release.steps.map((step) => ({ step, does: does[step] ?? "" })),
    statements,
    unknown: unknown === undefined ? [] : [unknown],
  }
}

const questions = (config: Config) =>
  [...new Set(Object.keys(config.services).map((service) => checkInWords(healthOf(config, service))))].join(", ")

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
