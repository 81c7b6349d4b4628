// The shape of `report.json`, and what the page needs beside it. Filled by the demo, judged by promises.ts, drawn by render.ts.
import type { FailureSample, SecondSlice } from "@conveyor/witness/result"

export interface Report {
  ok: boolean
  requests: {
    total: number
    failed: number
    /** Answers that another version gave in place of a failing one; the user saw no failure. */
    rescued: number
    byFailure: Readonly<Record<string, number>>
    p50Ms: number
    p99Ms: number
    maxMs: number
  }
  writes: { acknowledged: number; found: number }
  releases: readonly ReleaseReport[]
  change: {
    rows: number
    rowsPerSecond: number
    /** After divided by before. */
    heapGrowth: number
    indexGrowth: number
    checksum: { rows: number; mismatches: number }
  }
  rollback: {
    /** From the request to the moment when every edge had acknowledged; infinite where that moment never came. */
    switchMs: number
    writesOfNewVersion: number
    /** Of these, read through the old version. */
    writesOfNewVersionSeenByOld: number
  }
  notices: { pagesTold: number; pagesReloaded: number }
  contract: {
    /** Why it was refused the first time; null where it was not. */
    refusedReason: string | null
    dropped: boolean
    /** Why a rollback past it was refused; null where it was not. */
    rollbackRefusedReason: string | null
  }
}

export interface ReleaseReport {
  kind: "release" | "rollback" | "contract"
  version: string
  commit: string
  /** What a contract is about. */
  change?: string
  /** "promoted", "rolled-back", "failed" or "refused". */
  outcome: string
  steps: readonly StepReport[]
}

export interface StepReport {
  name: string
  /** Milliseconds since the Unix epoch. */
  startedAt: number
  ms: number
  /** "done", "failed", "undone", or where the run left it. */
  outcome: string
}

export interface Mark {
  /** Milliseconds since the Unix epoch. */
  at: number
  /** A word or two, drawn into the charts. */
  label: string
  detail: string
  kind: "release" | "rollback" | "contract" | "fault"
}

interface Environment {
  node: string
  postgres: string
  cpus: number
  rows: number
  ratePerSecond: number
  /** Busy loops on the same machine: with any, times are figures and no promises. */
  besideLoad: number
}

export interface ReportData {
  report: Report
  /** `seconds` of the witness's result. */
  timeline: readonly SecondSlice[]
  marks: readonly Mark[]
  environment: Environment
  /** `failures` of the witness's result: shown where something failed. */
  failures?: readonly FailureSample[]
}
