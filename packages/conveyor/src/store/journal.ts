// The port of a run's journal: what was begun, and how it ended. Written by the release layer before each effect; read by
// whoever asks how far a run has come.
import type { Facts } from "../kernel/errors/errors.ts"
import type { JournalEvent, JournalEventName } from "./records.ts"

export interface Journal {
  /**
   * Appends one event; it is durable when this resolves.
   * @throws ConveyorError "illegal-event" where it cannot follow what is there, "lease-lost"; nothing is written then.
   */
  record: (run: number, step: string, event: JournalEventName, facts?: Facts) => Promise<JournalEvent>
  /** Of one run, oldest first. */
  of: (run: number) => Promise<JournalEvent[]>
}
