// What the watch knows, in the protocol's shapes. Called by the handlers.
import { stateOf } from "../../watch/incidents/incident.ts"
import type { Incident } from "../../watch/incidents/incident.ts"
import { keeps, uptimeOf } from "../../watch/ledger/uptime.ts"
import type { CheckReport, IncidentReport, IncidentStory, UptimeReport, WatchReport } from "../protocol/watch.ts"
import type { Watching } from "./watching.ts"

export function watchReport({ parts: { book, notifiers }, plan }: Watching, now: number): WatchReport {
  const standings = new Map(book.standings.all().map((each) => [each.check, each]))
  const open = book.incidents.allOpen()
  const waiting = book.messages.waiting()
  return {
    checks: plan.map(({ check, everyMs, severity, dependsOn }): CheckReport => {
      const known = standings.get(check.name)
      return {
        name: check.name,
        kind: check.kind,
        standing: known?.judged.standing ?? "unseen",
        summary: known?.summary,
        since: known?.since,
        foundAt: known?.foundAt,
        everyMs,
        severity,
        dependsOn,
        incident: open.find((incident) => incident.check === check.name)?.id,
      }
    }),
    open: open.map(incidentReport),
    silences: book.silences.lasting(now),
    notifiers: notifiers.map(({ name, kind }) => {
      const own = waiting.filter(({ notifier }) => notifier === name)
      return { name, kind, waiting: own.length, lastError: own.find(({ lastError }) => lastError !== undefined)?.lastError }
    }),
  }
}

export const incidentReport = (incident: Incident): IncidentReport => ({ ...incident, state: stateOf(incident) })

export function incidentStory({ parts: { book } }: Watching, incident: Incident): IncidentStory {
  return { ...incidentReport(incident), notes: book.incidents.notes(incident.id), messages: book.messages.of(incident.id) }
}

const dayMs = 86_400_000

/** Of one check, or of all that are watched now. */
export function uptimeReports(
  { parts: { book, goal }, plan }: Watching,
  check: string | undefined,
  days: number,
  now: number,
): UptimeReport[] {
  const names = check === undefined ? plan.map((each) => each.check.name) : [check]
  return names.map((name) => {
    const uptime = uptimeOf(book.ledger.between(name, now - days * dayMs, now), now - days * dayMs, now)
    return { check: name, ...uptime, goal, kept: keeps(uptime, goal) }
  })
}
