// What an outcome says of the copy's health. Pure; called by the exchange and the upgrade.
import type { Heard } from "../counting/health.ts"
import type { Outcome } from "../upstream/asking.ts"

/** A kept connection that the copy let go of was no fault. */
const byKind: Readonly<Record<Exclude<Outcome["kind"], "answered">, Heard>> = {
  switched: "answered",
  "not-sent": "refused",
  "broke-off": "broke",
  "timed-out": "timed-out",
  stale: "left",
}

export function heardOf(outcome: Outcome): Heard {
  if (outcome.kind !== "answered") return byKind[outcome.kind]
  const { status } = outcome.answer
  // A method or a version of HTTP that a copy does not know is its asker's affair.
  return status >= 500 && status !== 501 && status !== 505 ? "failed" : "answered"
}
