// The answers that gather much in one: the status of everything, the plan of a release, the newest output of copies.
import { z } from "zod"
import { changeReport, plannedStatement } from "./changes.ts"
import { runReport } from "./runs.ts"
import { versionReport } from "./versions.ts"
import { list } from "./words.ts"

const certificate = z.object({
  /** Names that it is for. */
  hosts: list(z.string()),
  /** In ms since the Unix epoch. */
  notAfter: z.number(),
  source: z.string(),
  /** Why what lies there now is not what is used. */
  problem: z.string().optional(),
  /** The edge that uses it. */
  member: z.string(),
})
export type CertificateReport = z.infer<typeof certificate>

export const certificatesReport = z.object({
  certificates: list(certificate),
  /** Edges that do not answer, and why. */
  unknown: list(z.string()),
})

export const statusReport = z.object({
  name: z.string(),
  /** Where users find the service. */
  edge: z.string(),
  generation: z.number().optional(),
  current: z.string().optional(),
  versions: list(versionReport),
  /** The newest runs, oldest first. */
  runs: list(runReport),
  changes: list(changeReport),
  /** What the edge speaks TLS with. */
  certificates: list(certificate).default([]),
  /** What the numbers above leave out, because somebody does not answer. */
  unknown: list(z.string()),
})
export type StatusReport = z.infer<typeof statusReport>

export const planReport = z.object({
  commit: z.string(),
  subject: z.string(),
  /** Absent where the commit has no version yet. */
  version: z.string().optional(),
  /** `does` in words, `plan` as the run would carry it out. */
  steps: list(z.object({ step: z.string(), does: z.string(), plan: z.record(z.string(), z.unknown()).optional() })),
  statements: list(plannedStatement),
  /** What the plan leaves out, because a shard does not answer. */
  unknown: list(z.string()),
})
export type PlanReport = z.infer<typeof planReport>

export const copyLog = z.object({ copy: z.string(), service: z.string(), version: z.string(), lines: list(z.string()) })
export type CopyLog = z.infer<typeof copyLog>
