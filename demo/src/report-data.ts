// Turns what was played into the report: plain arithmetic, no judgement. Called by main.ts.
import { cpus } from "node:os"
import type { RunFacts } from "./conveyor.ts"
import { judgePromises } from "./report/promises.ts"
import type { Mark, Report, ReportData } from "./report/report.ts"
import type { Played } from "./scenario.ts"
import type { Stage } from "./stage.ts"

export function reportData(played: Played, stage: Stage): ReportData {
  const data: ReportData = {
    report: reportOf(played),
    timeline: played.witness.seconds,
    marks: played.runs.flatMap(marksOf),
    failures: played.witness.failures,
    environment: {
      node: process.version,
      postgres: stage.databases.version,
      cpus: cpus().length,
      rows: stage.options.rows,
      ratePerSecond: stage.options.rate,
      besideLoad: stage.options.besideLoad,
    },
  }
  const ok = judgePromises(data).every((each) => each.held)
  return { ...data, report: { ...data.report, ok } }
}

function reportOf({ runs, witness, writes, rollback, contract, rollbackAfterContract }: Played): Report {
  const { total, failed, rescued, byFailure, p50Ms, p99Ms, maxMs } = witness.requests
  return {
    ok: false,
    requests: { total, failed, rescued, byFailure, p50Ms, p99Ms, maxMs },
    writes,
    releases: runs.map(({ version, commit, kind, change, state, steps }) => ({
      version,
      commit,
      kind,
      ...(change !== undefined && { change }),
      outcome: state,
      steps: steps.flatMap(({ name, startedAt, ms, state: outcome }) =>
        startedAt === undefined ? [] : [{ name, startedAt, ms: ms ?? 0, outcome }],
      ),
    })),
    change: changeOf(runs),
    rollback: {
      switchMs: switchMsOf(rollback.run),
      writesOfNewVersion: rollback.writesOfNewVersion,
      writesOfNewVersionSeenByOld: rollback.seenByOld,
    },
    notices: { pagesTold: witness.pages.told, pagesReloaded: witness.pages.reloaded },
    contract: {
      refusedReason: contract.refusedReason ?? null,
      dropped: contract.dropped.length > 0,
      rollbackRefusedReason: rollbackAfterContract.refusedReason ?? null,
    },
  }
}

interface BackfilledChange {
  rows: number
  rowsPerSecond: number
  heapGrowth: number
  indexGrowth: number
  checksum: { rows: number; mismatches: number }
}

/** Of the change that moved the most rows. */
function changeOf(runs: readonly RunFacts[]): Report["change"] {
  const backfills = runs.flatMap((run) => run.steps.filter((step) => step.name === "backfill"))
  const changes = backfills.flatMap(({ facts }) => Object.values((facts?.["changes"] ?? {}) as Record<string, BackfilledChange>))
  const [largest] = changes.toSorted((a, b) => b.rows - a.rows)
  const { rows, rowsPerSecond, heapGrowth, indexGrowth, checksum } = largest ?? {
    rows: 0,
    rowsPerSecond: 0,
    heapGrowth: 1,
    indexGrowth: 1,
    checksum: { rows: 0, mismatches: 0 },
  }
  return { rows, rowsPerSecond, heapGrowth, indexGrowth, checksum }
}

/** From the request to the moment when every edge had acknowledged. */
function switchMsOf({ requestedAt, steps }: RunFacts): number {
  const switchedAt = steps.find((step) => step.name === "switch")?.facts?.["switchedAt"]
  return typeof switchedAt === "number" ? switchedAt - requestedAt : Infinity
}

function marksOf({ kind, version, steps, state, reason }: RunFacts): Mark[] {
  const began = (name: string) => steps.find((step) => step.name === name)?.startedAt
  const mark = (name: string, label: string, detail: string): Mark[] => {
    const at = began(name)
    return at === undefined ? [] : [{ at, label, detail, kind }]
  }
  if (kind === "contract") return mark("contract", state === "refused" ? "contract refused" : "contract", reason ?? "the old column goes")
  const steps_ = [
    ...mark("expand", `${version} expand`, "additive DDL, sync triggers"),
    ...mark("backfill", "backfill", "old rows in batches"),
  ]
  const served = mark("switch", `${version} serves`, "new pages go to it")
  const endedBad = state === "rolled-back" ? mark("bake", `${version} bakes`, reason ?? "") : []
  return [
    ...(kind === "release" ? steps_ : []),
    ...served,
    ...endedBad,
    ...mark("retire", "notice", "pages of old versions are told to reload"),
  ]
}
