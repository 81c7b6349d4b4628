// The port of those who tell people: one letter at a time, and an honest word of what became of it. One file each beside it; called
// by the postman.
import type { Incident } from "../incidents/incident.ts"
import type { Transition } from "../book/messages.ts"

export type Language = "en" | "ru"

export interface Letter {
  /** The same at each try: who gets it twice can tell. */
  id: string
  subject: string
  text: string
  transition: Transition
  incidents: readonly Incident[]
  /** What the receiver called the letter that this one answers. */
  thread: string | undefined
}

export type Delivery =
  | { kind: "sent"; thread?: string | undefined }
  /** Not now: tried again, not before `afterMs` where the receiver said so. */
  | { kind: "later"; reason: string; afterMs?: number | undefined }
  /** Not at all: it would be refused each time. */
  | { kind: "never"; reason: string }

export interface Notifier {
  name: string
  kind: "smtp" | "telegram" | "slack" | "webhook"
  language: Language
  /** Never throws but for the signal: what goes wrong is "later" or "never". */
  send: (letter: Letter, signal: AbortSignal) => Promise<Delivery>
}

/** An answer over HTTP as a delivery. 429 and 5xx pass; any other refusal does not. */
export function deliveryOf(status: number, said: string, retryAfterMs?: number): Delivery {
  if (status >= 200 && status < 300) return { kind: "sent" }
  const reason = `answered ${status}: ${said.slice(0, 200)}`
  if (status === 429 || status === 408 || status >= 500) return { kind: "later", reason, afterMs: retryAfterMs }
  return { kind: "never", reason }
}

/** `Retry-After` in seconds or as a date, at most an hour. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 3_600_000)
}
