// Silences: for which checks nobody is told, until when, by whom and why. Asked by whoever would tell; set through the API.
import type { DatabaseSync } from "node:sqlite"
import type { Row } from "../../kernel/database/columns.ts"
import { toSilence } from "./rows.ts"

export interface Silence {
  id: number
  /** A check's name, or with "*" for any part: "copy web/*". */
  pattern: string
  from: number
  until: number
  by: string
  reason: string
}

export class Silences {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  begin({ pattern, from, until, by, reason }: Omit<Silence, "id">): Silence {
    const { lastInsertRowid } = this.#database
      .prepare("INSERT INTO silence (pattern, from_ms, until_ms, by, reason) VALUES (?, ?, ?, ?, ?)")
      .run(pattern, from, until, by, reason)
    return { id: Number(lastInsertRowid), pattern, from, until, by, reason }
  }

  /** Gives it as it was; undefined where there is none such that lasts. */
  end(id: number, now: number): Silence | undefined {
    const row = this.#database.prepare("SELECT * FROM silence WHERE id = ? AND until_ms > ?").get(id, now)
    if (row !== undefined) this.#database.prepare("UPDATE silence SET until_ms = ? WHERE id = ?").run(now, id)
    return row && toSilence(row)
  }

  /** Those that last at `now` or are still to come. */
  lasting(now: number): Silence[] {
    return this.#database
      .prepare("SELECT * FROM silence WHERE until_ms > ? ORDER BY until_ms")
      .all(now)
      .map((row: Row) => toSilence(row))
  }
}

/** Whether one of those that last keeps a check's incident from being told at `now`. */
export function isSilenced(check: string, lasting: readonly Silence[], now: number): boolean {
  return lasting.some(({ pattern, from }) => from <= now && matches(pattern, check))
}

/** "*" is any part of a name; everything else is itself. */
export function matches(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*")
  if (rest.length === 0) return pattern === name
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const [i, part] of rest.entries()) {
    const isLast = i === rest.length - 1
    const found = isLast ? (name.endsWith(part) ? name.length - part.length : -1) : name.indexOf(part, at)
    if (found < at) return false
    at = found + part.length
  }
  return true
}
