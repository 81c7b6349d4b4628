// Checks and incidents as rows. Called by the commands of the watch.
import { formatDuration } from "../../kernel/time/duration.ts"
import type { CheckReport, IncidentReport, WatchReport } from "../../server/protocol/watch.ts"
import { bold, columns, cyan, dim, green, red, yellow } from "./paint.ts"

const standings = { unseen: dim, fine: green, problem: red, unknown: yellow, flapping: yellow }
const states = { open: red, acknowledged: yellow, closed: green }

export function watchRows({ checks, open, silences, notifiers }: WatchReport, now: number): string[] {
  const silenced = silences.map(
    ({ id, pattern, until, by, reason }) => `silence ${id}: ${pattern} for ${ago(until, now)} more, by ${by}: ${reason}`,
  )
  const untold = notifiers
    .filter(({ waiting }) => waiting > 0)
    .map(({ name, waiting, lastError }) =>
      yellow(`${name} has ${waiting} to tell${lastError === undefined ? "" : `, and could not: ${lastError}`}`),
    )
  return [
    ...(checks.length === 0
      ? ["nothing is watched: watch.own in conveyor.yml is empty"]
      : columns([head, ...checks.map((each) => checkRow(each, now))])),
    ...(open.length === 0 ? ["", green("nothing is open")] : ["", bold(`${open.length} open`), ...incidentRows(open, now)]),
    ...(silenced.length + untold.length > 0 ? ["", ...silenced, ...untold] : []),
    ...(notifiers.length === 0 ? ["", yellow("nobody is told: watch.notify in conveyor.yml names no one")] : []),
  ]
}

const head = ["check", "", "since", "seen"].map(dim)

function checkRow({ name, standing, since, foundAt, everyMs, summary }: CheckReport, now: number): string[] {
  // What has not been asked for long stands there as it was: that it is old is said.
  const isOld = foundAt !== undefined && now - foundAt > 3 * everyMs + 10_000
  const seen = foundAt === undefined ? "not asked yet" : `${isOld ? `${ago(now, foundAt)} ago: ` : ""}${summary ?? ""}`
  return [name, standings[standing](standing), since === undefined ? "" : ago(now, since), dim(seen.slice(0, 140))]
}

export function incidentRows(incidents: readonly IncidentReport[], now: number): string[] {
  return columns([["", "check", "", "lasts", "seen"].map(dim), ...incidents.map((each) => incidentRow(each, now))])
}

function incidentRow(
  { id, check, state, openedAt, closedAt, summary, acknowledgedBy, explainedBy, suspects }: IncidentReport,
  now: number,
): string[] {
  const [suspect] = suspects
  const said = [
    summary,
    ...(explainedBy === undefined ? [] : [`explained by ${explainedBy}`]),
    ...(acknowledgedBy === undefined ? [] : [`${acknowledgedBy} sees to it`]),
    ...(suspect === undefined || state === "closed" ? [] : [cyan(`perhaps ${suspect.what}, ${suspect.because}`)]),
  ]
  return [String(id), check, states[state](state), ago(closedAt ?? now, openedAt), said.join("; ")]
}

const ago = (later: number, earlier: number) => formatDuration(Math.max(0, Math.round((later - earlier) / 1_000) * 1_000))
