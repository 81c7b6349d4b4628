// Runs and requests in state.db. Made by open.ts.
import { assertNotEnded } from "../illegal-event.ts"
import type { Queue } from "../queue.ts"
import { hasEnded } from "../records.ts"
import type { Asker, ReleaseRecord, RequestRecord } from "../records.ts"
import { numberOf } from "../version-number.ts"
import { toRelease, toRequest } from "./rows.ts"
import type { Session } from "./session.ts"

export const selectRun = "SELECT r.*, v.commit_sha FROM release r JOIN version v ON v.number = r.version"

export function sqliteQueue(session: Session): Queue {
  return {
    enqueue: async (kind, version, { change, branch, asker } = {}) =>
      session.write((fence) => {
        const now = session.clock.now()
        const run = session.run(
          "INSERT INTO release (kind, version, change, branch, requested_at, state) VALUES (?, ?, ?, ?, ?, 'queued')",
          kind,
          numberOf(version),
          change ?? null,
          branch ?? null,
          now,
        )
        if (branch !== undefined) {
          session.run(
            "UPDATE release SET state = 'superseded', superseded_by = ?, reason = ?, ended_at = ? WHERE state = 'queued' AND branch = ? AND id < ?",
            run,
            `${version} was pushed to ${branch} after it, and takes its place: run ${run}`,
            now,
            branch,
            run,
          )
        }
        if (asker !== undefined) request({ action: kind, subject: change ?? version, run }, asker, fence)
        return existing(run)
      }),

    find: async (run) => {
      const row = session.first(`${selectRun} WHERE r.id = ?`, run)
      return row === undefined ? undefined : toRelease(row)
    },
    all: async () => session.all(`${selectRun} ORDER BY r.id`).map(toRelease),
    inState: async (...states) =>
      session.all(`${selectRun} WHERE r.state IN (${states.map(() => "?").join(", ")}) ORDER BY r.id`, ...states).map(toRelease),
    ofVersion: async (version) => session.all(`${selectRun} WHERE r.version = ? ORDER BY r.id`, numberOf(version)).map(toRelease),
    before: async (run, count) => session.all(`${selectRun} WHERE r.id < ? ORDER BY r.id DESC LIMIT ?`, run, count).map(toRelease),

    setState: async (run, state, reason) =>
      session.write(() => {
        assertNotEnded(existing(run), state)
        const endedAt = hasEnded(state) ? session.clock.now() : null
        session.run("UPDATE release SET state = ?, reason = ?, ended_at = ? WHERE id = ?", state, reason ?? null, endedAt, run)
        return existing(run)
      }),

    requested: async (what, asker) => session.write((fence) => request(what, asker, fence)),
    requestsFor: async (run) => session.all("SELECT * FROM request WHERE run = ? ORDER BY seq", run).map(toRequest),
  }

  function existing(run: number): ReleaseRecord {
    return toRelease(session.one(`${selectRun} WHERE r.id = ?`, run))
  }

  function request(
    { action, subject, run }: Pick<RequestRecord, "action" | "subject" | "run">,
    { actor, reason, proof }: Asker,
    fence: number,
  ): RequestRecord {
    const seq = session.run(
      "INSERT INTO request (at, fence, action, subject, run, actor, reason, proof) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      session.clock.now(),
      fence,
      action,
      subject,
      run ?? null,
      actor ?? null,
      reason ?? null,
      proof,
    )
    return toRequest(session.one("SELECT * FROM request WHERE seq = ?", seq))
  }
}
