// The outbox: what has to be told to whom, until it was. A row is written in the transaction of what it tells, so that a crash
// loses none and doubles none. Sent by the postman.
import type { DatabaseSync } from "node:sqlite"
import { toMessage } from "./rows.ts"

/** "passed": it was over before it could be told; the one message says both. */
export type Transition = "opened" | "escalated" | "closed" | "passed"

export interface Message {
  id: number
  incident: number
  transition: Transition
  notifier: string
  madeAt: number
  /** Not before. */
  dueAt: number
  attempts: number
  sentAt: number | undefined
  thread: string | undefined
  lastError: string | undefined
}

const waits = "sent_at IS NULL AND dropped_at IS NULL"

export class Messages {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Nothing where it is there already. */
  add(message: Pick<Message, "incident" | "transition" | "notifier"> & { now: number; dueAt?: number }): void {
    const { incident, transition, notifier, now, dueAt = now } = message
    this.#database
      .prepare("INSERT OR IGNORE INTO message (incident, transition, notifier, made_at, due_at) VALUES (?, ?, ?, ?, ?)")
      .run(incident, transition, notifier, now, dueAt)
  }

  of(incident: number): Message[] {
    return this.#database.prepare("SELECT * FROM message WHERE incident = ? ORDER BY id").all(incident).map(toMessage)
  }

  /** What a notifier can be given now, the oldest first. */
  due(notifier: string, now: number): Message[] {
    return this.#database
      .prepare(`SELECT * FROM message WHERE notifier = ? AND due_at <= ? AND ${waits} ORDER BY id LIMIT 1000`)
      .all(notifier, now)
      .map(toMessage)
  }

  waiting(): Message[] {
    return this.#database.prepare(`SELECT * FROM message WHERE ${waits} ORDER BY id LIMIT 1000`).all().map(toMessage)
  }

  sent(ids: readonly number[], at: number, thread: string | undefined): void {
    const statement = this.#database.prepare(
      "UPDATE message SET sent_at = ?, thread = ?, attempts = attempts + 1, last_error = NULL WHERE id = ?",
    )
    for (const id of ids) statement.run(at, thread ?? null, id)
  }

  notSent(ids: readonly number[], why: { dueAt: number; error: string }): void {
    const statement = this.#database.prepare("UPDATE message SET due_at = ?, attempts = attempts + 1, last_error = ? WHERE id = ?")
    for (const id of ids) statement.run(why.dueAt, why.error, id)
  }

  /** Never to be sent: nobody would take it, or another message says it. */
  drop(ids: readonly number[], at: number, reason: string): void {
    const statement = this.#database.prepare("UPDATE message SET dropped_at = ?, last_error = ? WHERE id = ?")
    for (const id of ids) statement.run(at, reason, id)
  }
}
