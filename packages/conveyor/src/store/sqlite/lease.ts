// The lease in state.db. On one machine a process that is gone is seen to be gone, and nobody waits for its time. Made by open.ts.
import { isAlive } from "../../kernel/process/process-identity.ts"
import type { ProcessIdentity } from "../../kernel/process/process-identity.ts"
import type { Lease } from "../lease.ts"
import { leaseHeld } from "../lease-errors.ts"
import type { Row } from "../../kernel/database/columns.ts"
import type { Session } from "./session.ts"

export function sqliteLease(session: Session, self: ProcessIdentity): Lease {
  return {
    acquire: async (forMs) => {
      const now = session.clock.now()
      session.token = session.transaction(() => {
        const held = session.first("SELECT * FROM lease")
        if (held !== undefined && isHeldByAnother(held, now)) {
          const [since, until] = [Number(held["taken_at"]), Number(held["expires_at"])]
          throw leaseHeld({ holder: `process ${String(held["pid"])}`, since, until })
        }
        const token = Number(held?.["token"] ?? 0) + 1
        session.run(
          "INSERT OR REPLACE INTO lease (id, token, pid, start_time, taken_at, expires_at) VALUES (1, ?, ?, ?, ?, ?)",
          token,
          self.pid,
          self.startTime,
          now,
          now + forMs,
        )
        return token
      })
      return session.token
    },
    renew: async (forMs) => {
      session.write(() => session.run("UPDATE lease SET expires_at = ?", session.clock.now() + forMs))
    },
    release: async () => {
      const own = session.token
      session.token = undefined
      if (own !== undefined) session.transaction(() => session.run("UPDATE lease SET expires_at = 0 WHERE token = ?", own))
    },
  }

  function isHeldByAnother(held: Row, now: number): boolean {
    const holder = { pid: Number(held["pid"]), startTime: String(held["start_time"]) }
    const isOwn = holder.pid === self.pid && holder.startTime === self.startTime
    return !isOwn && Number(held["expires_at"]) > now && isAlive(holder)
  }
}
