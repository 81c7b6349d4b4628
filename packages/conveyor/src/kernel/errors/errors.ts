// The shape of every error that a person may see: what happened, the facts, and what to do next.
// Thrown by every layer; turned into text and an exit code by the command line alone.

import type { ErrorCode } from "./error-catalogue.ts"

export type Facts = Readonly<Record<string, unknown>>

export class ConveyorError extends Error {
  /** Stable name for programs, in kebab case: "lease-held", "bad-file". */
  readonly code: ErrorCode
  readonly facts: Facts
  /** What the reader can do next: a command or a change to make. */
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, details: { facts?: Facts; hint?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = "ConveyorError"
    this.code = code
    this.facts = details.facts ?? {}
    this.hint = details.hint
  }
}

/** A bounded wait that ran out; carries what was waited for and the last thing seen. */
export class TimedOutError extends ConveyorError {
  constructor(what: string, withinMs: number, lastSeen: unknown) {
    super("timed-out", `${what}: not within ${withinMs} ms; last seen: ${describe(lastSeen)}`, {
      facts: { what, withinMs, lastSeen },
    })
    this.name = "TimedOutError"
  }
}

/** One line that says what was thrown, whatever it was. */
export function describe(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === "") return thrown.errors.map(describe).join("; ")
  if (thrown instanceof Error) return thrown.message || thrown.name
  return typeof thrown === "string" ? thrown : (JSON.stringify(thrown) ?? String(thrown))
}
