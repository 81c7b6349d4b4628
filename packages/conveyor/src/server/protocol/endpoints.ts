// The API, whole: every request with the shape of its answer. Served by api.ts, asked by the command line and by pages.
// A shape that changes so that an old asker cannot read it any more gets another prefix than /v1.
import { z } from "zod"
import { changeReport } from "./changes.ts"
import { get, post } from "./endpoint.ts"
import { jobReport } from "./jobs.ts"
import { environmentChange, environmentReport } from "./environment.ts"
import { certificatesReport, copyLog, planReport, statusReport } from "./reports.ts"
import { asking } from "./requests.ts"
import { run, runReport } from "./runs.ts"
import { version } from "./versions.ts"
import { incidentReport, incidentStory, inputs, signed, silence, tried, uptimeReport, watchReport } from "./watch.ts"
import { line, list, moment, versionName } from "./words.ts"

const nothing = z.strictObject({})
const onlyAsking = z.strictObject(asking)
const revisionToo = { revision: line("a commit, a branch or a version") }
const howManyLines = "a whole number from 1 to 10000"
const howManyRuns = "a whole number from 1 to 500"
const aNumber = "the number of one of them"
const aPage = {
  limit: z.coerce.number(howManyRuns).int(howManyRuns).min(1, howManyRuns).max(500, howManyRuns).default(20),
  before: z.coerce.number(aNumber).int(aNumber).min(1, aNumber).optional(),
}

export const endpoints = {
  status: get("/v1/status", nothing, statusReport),
  certificates: get("/v1/certificates", nothing, certificatesReport),
  /** Their files are read anew first. */
  reloadCertificates: post("/v1/certificates/reload", onlyAsking, certificatesReport),
  changes: get("/v1/changes", nothing, list(changeReport)),
  plan: get("/v1/plan", z.strictObject(revisionToo), planReport),
  run: get("/v1/runs/:id", nothing, runReport),
  /** A page of the past, the newest first: `before` is the number of the last run of the page before. */
  runs: get("/v1/runs", z.strictObject(aPage), list(runReport)),
  /** Of the current version, each with so many of its newest runs. */
  jobs: get(
    "/v1/jobs",
    z.strictObject({ runs: z.coerce.number(howManyRuns).int(howManyRuns).min(1, howManyRuns).max(500, howManyRuns).default(1) }),
    list(jobReport),
  ),
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

  /** Variables of copies that are set by hand, by name; a change is part of the next release. */
  environment: get("/v1/environment", nothing, environmentReport),
  changeEnvironment: post("/v1/environment", environmentChange, environmentReport),

  /** A push names its branch: what still waits of the same branch is superseded by it. */
  release: post("/v1/releases", z.strictObject({ ...asking, ...revisionToo, branch: line("a branch").optional() }), run),
  /** Without `to`: to the version that was current before the current one. */
  rollback: post("/v1/rollbacks", z.strictObject({ ...asking, to: versionName.optional() }), run),
  /** A queued run is never begun; one under way goes back. */
  cancel: post("/v1/runs/:id/cancel", onlyAsking, run),
  promote: post("/v1/versions/:name/promote", onlyAsking, run),
  retire: post("/v1/versions/:name/retire", onlyAsking, version),
  contract: post("/v1/contracts", z.strictObject({ ...asking, change: line("a change's name") }), run),
  abortChange: post("/v1/changes/:name/abort", onlyAsking, run),
  repackChange: post("/v1/changes/:name/repack", onlyAsking, run),
  pauseChange: post("/v1/changes/:name/pause", onlyAsking, changeReport),
  resumeChange: post("/v1/changes/:name/resume", onlyAsking, changeReport),

  watch: get("/v1/watch", nothing, watchReport),
  /** A page of the past, the newest first. */
  incidents: get("/v1/watch/incidents", z.strictObject(aPage), list(incidentReport)),
  incident: get("/v1/watch/incidents/:id", nothing, incidentStory),
  acknowledge: post("/v1/watch/incidents/:id/acknowledge", z.strictObject(signed), incidentReport),
  comment: post("/v1/watch/incidents/:id/notes", inputs.comment, incidentReport),
  closeIncident: post("/v1/watch/incidents/:id/close", z.strictObject(signed), incidentReport),
  silence: post("/v1/watch/silences", inputs.silence, silence),
  endSilence: post("/v1/watch/silences/:id/end", z.strictObject(signed), silence),
  ledger: get("/v1/watch/ledger", inputs.ledger, list(uptimeReport)),
  beat: post("/v1/watch/heartbeats/:name", onlyAsking, z.strictObject({ at: moment })),
  tryNotifier: post("/v1/watch/notifiers/:name/try", onlyAsking, tried),
}

export type Endpoints = typeof endpoints
