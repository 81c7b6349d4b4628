// The journal in state.db. Made by open.ts.
import type { Journal } from "../journal.ts"
import { assertLegal } from "../illegal-event.ts"
import type { WhyIllegal } from "../records.ts"
import { selectRun } from "./queue.ts"
import { toEvent, toRelease } from "./rows.ts"
import type { Session } from "./session.ts"

export function sqliteJournal(session: Session, whyIllegal: WhyIllegal): Journal {
  const eventsOf = (run: number) => session.all("SELECT * FROM journal WHERE release = ? ORDER BY seq", run).map(toEvent)
  return {
    record: async (release, step, event, facts = {}) =>
      session.write((fence) => {
        assertLegal(whyIllegal, toRelease(session.one(`${selectRun} WHERE r.id = ?`, release)), eventsOf(release), { step, event })
        const at = session.clock.now()
        const seq = session.run(
          "INSERT INTO journal (release, step, event, at, fence, facts) VALUES (?, ?, ?, ?, ?, ?)",
          release,
          step,
          event,
          at,
          fence,
          JSON.stringify(facts),
        )
        return { seq, release, step, event, at, fence, facts }
      }),
    of: async (run) => eventsOf(run),
  }
}
