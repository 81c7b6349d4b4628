// Who is told of what: derived from what is open, so that a crash between two lines forgets nobody. Called once a second and when
// an incident closes.
import type { Book } from "../book/book.ts"
import { isSilenced } from "../book/silences.ts"
import type { Incident, Severity } from "../incidents/incident.ts"

/** Who is told of what. */
export interface Audience {
  notifier: string
  severities: readonly Severity[]
  /** Told only of what nobody has acknowledged so long after it opened; at once where it is left out. */
  afterMs?: number | undefined
}

/** How things stand around an incident's check. */
export interface Around {
  /** The check that explains it: one that it depends on, which is bad itself. */
  explainedBy: string | undefined
  /** One that it depends on is in doubt: whether that explains it will be known soon. */
  isInDoubt: boolean
}

/** Doubt keeps nobody from being told for longer. */
const longestDoubtMs = 60_000

export function tellOfOpen(book: Book, audiences: readonly Audience[], around: (check: string) => Around, now: number): void {
  const silences = book.silences.lasting(now)
  for (const incident of book.incidents.allOpen()) {
    const { explainedBy, isInDoubt } = around(incident.check)
    if (explainedBy !== undefined) continue
    if (incident.explainedBy !== undefined) book.incidents.notExplainedAnyMore(incident.id)
    if (isInDoubt && now - incident.openedAt < longestDoubtMs) continue
    if (isSilenced(incident.check, silences, now)) continue
    for (const audience of audiences) tell(book, incident, audience, now)
  }
}

function tell(book: Book, incident: Incident, { notifier, severities, afterMs }: Audience, now: number): void {
  if (!severities.includes(incident.severity)) return
  if (afterMs === undefined) return book.messages.add({ incident: incident.id, transition: "opened", notifier, now })
  if (incident.acknowledgedAt !== undefined || now - incident.openedAt < afterMs) return
  book.messages.add({ incident: incident.id, transition: "escalated", notifier, now })
}

/**
 * Whoever was told that it is there is told that it is over, silence or not; whoever could not be told yet gets one message that
 * says both; of what nobody was to know, nobody hears.
 */
export function tellOfClosed(book: Book, { id }: Incident, now: number): void {
  const messages = book.messages.of(id)
  for (const notifier of new Set(messages.map((each) => each.notifier))) {
    const own = messages.filter((each) => each.notifier === notifier)
    const isTold = own.some(({ sentAt }) => sentAt !== undefined)
    const unsent = own.filter(({ sentAt }) => sentAt === undefined).map((each) => each.id)
    book.messages.drop(unsent, now, "it was over before it could be told")
    book.messages.add({ incident: id, transition: isTold ? "closed" : "passed", notifier, now })
  }
}
