// Incidents and their timelines on disk. Opened and closed by the rounds, acknowledged and explained through the API.
import type { DatabaseSync } from "node:sqlite"
import { inTransaction } from "../../kernel/database/database.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { incidentMay, stateOf } from "../incidents/incident.ts"
import type { Incident, Note, Trouble } from "../incidents/incident.ts"
import { toIncident, toNote } from "./rows.ts"

type Opening = Pick<Incident, "check" | "trouble" | "severity" | "summary" | "place" | "openedAt" | "explainedBy" | "suspects">

export class Incidents {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** The open one of the check where there is one: nothing opens twice. */
  open(opening: Opening): Incident {
    return inTransaction(this.#database, () => {
      const known = this.openOf(opening.check)
      if (known !== undefined) return known
      const { lastInsertRowid } = this.#database
        .prepare(
          `INSERT INTO incident (check_name, trouble, severity, summary, place, opened_at, explained_by, suspects)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          opening.check,
          opening.trouble,
          opening.severity,
          opening.summary,
          JSON.stringify(opening.place),
          opening.openedAt,
          opening.explainedBy ?? null,
          JSON.stringify(opening.suspects),
        )
      const incident = this.get(Number(lastInsertRowid))
      this.#note(incident.id, { at: opening.openedAt, kind: "opened", text: opening.summary, by: undefined })
      return incident
    })
  }

  /** What it is has changed while it was open: it flaps now, or nobody can tell any more. */
  changed(id: number, trouble: Trouble, text: string, at: number): void {
    inTransaction(this.#database, () => {
      this.#database.prepare("UPDATE incident SET trouble = ? WHERE id = ?").run(trouble, id)
      this.#note(id, { at, kind: "changed", text, by: undefined })
    })
  }

  /** Its explanation has ended, and it has not: from now on people are told of it. */
  notExplainedAnyMore(id: number): void {
    this.#database.prepare("UPDATE incident SET explained_by = NULL WHERE id = ?").run(id)
  }

  /** `also` is written with it, or neither is. */
  close(id: number, { at, text, by }: { at: number; text: string; by?: string }, also: (incident: Incident) => void): Incident {
    return inTransaction(this.#database, () => {
      this.#assertMay(id, "close")
      this.#database.prepare("UPDATE incident SET closed_at = ? WHERE id = ?").run(at, id)
      this.#note(id, { at, kind: "closed", text, by })
      const incident = this.get(id)
      also(incident)
      return incident
    })
  }

  acknowledge(id: number, by: string, at: number): Incident {
    return inTransaction(this.#database, () => {
      this.#assertMay(id, "acknowledge")
      this.#database.prepare("UPDATE incident SET acknowledged_by = ?, acknowledged_at = ? WHERE id = ?").run(by, at, id)
      this.#note(id, { at, kind: "acknowledged", text: `${by} sees to it`, by })
      return this.get(id)
    })
  }

  comment(id: number, note: Note): Incident {
    return inTransaction(this.#database, () => {
      this.#assertMay(id, "comment")
      if (note.kind === "cause") this.#database.prepare("UPDATE incident SET cause = ? WHERE id = ?").run(note.text, id)
      this.#note(id, note)
      return this.get(id)
    })
  }

  /** @throws ConveyorError "no-such-incident" */
  get(id: number): Incident {
    const row = this.#database.prepare("SELECT * FROM incident WHERE id = ?").get(id)
    if (row !== undefined) return toIncident(row)
    throw new ConveyorError("no-such-incident", `there is no incident ${id}`, {
      facts: { id },
      hint: "conveyor watch incidents lists them.",
    })
  }

  openOf(check: string): Incident | undefined {
    const row = this.#database.prepare("SELECT * FROM incident WHERE check_name = ? AND closed_at IS NULL").get(check)
    return row && toIncident(row)
  }

  allOpen(): Incident[] {
    return this.#database.prepare("SELECT * FROM incident WHERE closed_at IS NULL ORDER BY id").all().map(toIncident)
  }

  /** The newest first. */
  page(before: number, limit: number): Incident[] {
    return this.#database.prepare("SELECT * FROM incident WHERE id < ? ORDER BY id DESC LIMIT ?").all(before, limit).map(toIncident)
  }

  notes(id: number): Note[] {
    return this.#database.prepare("SELECT * FROM note WHERE incident = ? ORDER BY id").all(id).map(toNote)
  }

  note(id: number, note: Note): void {
    this.#note(id, note)
  }

  #note(id: number, { at, kind, text, by }: Note): void {
    this.#database.prepare("INSERT INTO note (incident, at, kind, text, by) VALUES (?, ?, ?, ?, ?)").run(id, at, kind, text, by ?? null)
  }

  #assertMay(id: number, what: keyof (typeof incidentMay)["open"]): void {
    const state = stateOf(this.get(id))
    if (incidentMay[state][what] === "yes") return
    throw new ConveyorError("incident-over", `incident ${id} is ${state}: there is nothing to ${what}`, {
      facts: { id, state },
      hint: "It can still be explained: conveyor watch comment.",
    })
  }
}
