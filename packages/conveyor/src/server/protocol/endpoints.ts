// The API, whole: every request with the shape of its answer. Served by api.ts, asked by the command line and by pages.
// A shape that changes so that an old asker cannot read it any more gets another prefix than /v1.
import { z } from "zod"
import { changeReport } from "./changes.ts"
import { get, post } from "./endpoint.ts"
import { copyLog, planReport, statusReport } from "./reports.ts"
import { run, runReport } from "./runs.ts"
import { version } from "./versions.ts"
import { line, list, versionName } from "./words.ts"

const nothing = z.strictObject({})
const revision = z.strictObject({ revision: line("a commit, a branch or a version") })
const howManyLines = "a whole number from 1 to 10000"

export const endpoints = {
  status: get("/v1/status", nothing, statusReport),
  changes: get("/v1/changes", nothing, list(changeReport)),
  plan: get("/v1/plan", revision, planReport),
  run: get("/v1/runs/:id", nothing, runReport),
  logs: get(
    "/v1/logs",
    z.strictObject({
      version: versionName.optional(),
      service: line("a service's name").optional(),
      /** Of each copy, counted from the end. */
      lines: z.coerce.number(howManyLines).int(howManyLines).min(1, howManyLines).max(10_000, howManyLines).default(100),
    }),
    list(copyLog),
  ),

  release: post("/v1/releases", revision, run),
  /** Without `to`: to the version that was current before the current one. */
  rollback: post("/v1/rollbacks", z.strictObject({ to: versionName.optional() }), run),
  abortRun: post("/v1/runs/:id/abort", nothing, run),
  promote: post("/v1/versions/:name/promote", z.strictObject({ by: line("a person's name") }), run),
  retire: post("/v1/versions/:name/retire", nothing, version),
  contract: post("/v1/contracts", z.strictObject({ change: line("a change's name") }), run),
  abortChange: post("/v1/changes/:name/abort", nothing, run),
  repackChange: post("/v1/changes/:name/repack", nothing, run),
  pauseChange: post("/v1/changes/:name/pause", nothing, changeReport),
  resumeChange: post("/v1/changes/:name/resume", nothing, changeReport),
}

export type Endpoints = typeof endpoints
