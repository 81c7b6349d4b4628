// Rows of watch.db as the shapes that the watch works with. Used by the book's files alone.
import { optionalNumber, optionalText } from "../../kernel/database/columns.ts"
import type { Row } from "../../kernel/database/columns.ts"
import type { Incident, Note, Severity, Suspect, Trouble } from "../incidents/incident.ts"
import type { Interval } from "../ledger/interval.ts"
import type { Place } from "../checks/check.ts"
import type { Message, Transition } from "./messages.ts"
import type { Silence } from "./silences.ts"

export function toIncident(row: Row): Incident {
  return {
    id: Number(row["id"]),
    check: String(row["check_name"]),
    trouble: String(row["trouble"]) as Trouble,
    severity: String(row["severity"]) as Severity,
    summary: String(row["summary"]),
    place: JSON.parse(String(row["place"])) as Place,
    openedAt: Number(row["opened_at"]),
    acknowledgedBy: optionalText(row["acknowledged_by"]),
    acknowledgedAt: optionalNumber(row["acknowledged_at"]),
    closedAt: optionalNumber(row["closed_at"]),
    cause: optionalText(row["cause"]),
    explainedBy: optionalText(row["explained_by"]),
    suspects: JSON.parse(String(row["suspects"])) as Suspect[],
  }
}

export const toNote = (row: Row): Note => ({
  at: Number(row["at"]),
  kind: String(row["kind"]) as Note["kind"],
  text: String(row["text"]),
  by: optionalText(row["by"]),
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
  sentAt: optionalNumber(row["sent_at"]),
  thread: optionalText(row["thread"]),
  lastError: optionalText(row["last_error"]),
})

export const toSilence = (row: Row): Silence => ({
  id: Number(row["id"]),
  pattern: String(row["pattern"]),
  from: Number(row["from_ms"]),
  until: Number(row["until_ms"]),
  by: String(row["by"]),
  reason: String(row["reason"]),
})
