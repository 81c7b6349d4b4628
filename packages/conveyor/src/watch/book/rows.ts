// Rows of watch.db as the shapes that the watch works with. Used by the book's files alone.
import type { SQLOutputValue } from "node:sqlite"
import type { Incident, Note, Severity, Suspect, Trouble } from "../incidents/incident.ts"
import type { Interval } from "../ledger/interval.ts"
import type { Place } from "../checks/check.ts"
import type { Message, Transition } from "./messages.ts"
import type { Silence } from "./silences.ts"

export type Row = Record<string, SQLOutputValue>

const text = (value: SQLOutputValue | undefined) => (value === null || value === undefined ? undefined : String(value))
const moment = (value: SQLOutputValue | undefined) => (value === null || value === undefined ? undefined : Number(value))

export function toIncident(row: Row): Incident {
  return {
    id: Number(row["id"]),
    check: String(row["check_name"]),
    trouble: String(row["trouble"]) as Trouble,
    severity: String(row["severity"]) as Severity,
    summary: String(row["summary"]),
    place: JSON.parse(String(row["place"])) as Place,
    openedAt: Number(row["opened_at"]),
    acknowledgedBy: text(row["acknowledged_by"]),
    acknowledgedAt: moment(row["acknowledged_at"]),
    closedAt: moment(row["closed_at"]),
    cause: text(row["cause"]),
    explainedBy: text(row["explained_by"]),
    suspects: JSON.parse(String(row["suspects"])) as Suspect[],
  }
}

export const toNote = (row: Row): Note => ({
  at: Number(row["at"]),
  kind: String(row["kind"]) as Note["kind"],
  text: String(row["text"]),
  by: text(row["by"]),
})

export const toInterval = (row: Row): Interval => ({
  outcome: String(row["outcome"]) as Interval["outcome"],
  from: Number(row["from_ms"]),
  until: Number(row["until_ms"]),
})

export const toMessage = (row: Row): Message => ({
  id: Number(row["id"]),
  incident: Number(row["incident"]),
  transition: String(row["transition"]) as Transition,
  notifier: String(row["notifier"]),
  madeAt: Number(row["made_at"]),
  dueAt: Number(row["due_at"]),
  attempts: Number(row["attempts"]),
  sentAt: moment(row["sent_at"]),
  thread: text(row["thread"]),
  lastError: text(row["last_error"]),
})

export const toSilence = (row: Row): Silence => ({
  id: Number(row["id"]),
  pattern: String(row["pattern"]),
  from: Number(row["from_ms"]),
  until: Number(row["until_ms"]),
  by: String(row["by"]),
  reason: String(row["reason"]),
})
