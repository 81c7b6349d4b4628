// The lease in state.db: free as soon as the process that holds it is gone. Made by open.ts.
import { ConveyorError } from "../../kernel/errors.ts"
import { identify, isAlive } from "../../kernel/process-identity.ts"
import type { Lease } from "../lease.ts"
import type { Session } from "./session.ts"

export function sqliteLease(session: Session): Lease {
  return {
    acquire: async () => {
      const self = identify(process.pid)
      if (self === undefined) throw new ConveyorError("no-identity", "this process cannot find itself in the process table")
      session.token = session.transaction(() => {
        const held = session.first("SELECT * FROM lease")
        if (
          held !== undefined &&
          held["pid"] !== self.pid &&
          isAlive({ pid: Number(held["pid"]), startTime: String(held["start_time"]) })
        ) {
          throw new ConveyorError("lease-held", `another control plane works on this state: process ${String(held["pid"])}`, {
            facts: { pid: held["pid"], since: held["taken_at"] },
            hint: "Use that one (`conveyor status`), or stop it first (`conveyor down`).",
          })
        }
        const token = Number(held?.["token"] ?? 0) + 1
        session.run(
          "INSERT OR REPLACE INTO lease (id, token, pid, start_time, taken_at) VALUES (1, ?, ?, ?, ?)",
          token,
          self.pid,
          self.startTime,
          session.clock.now(),
        )
        return token
      })
      return session.token
    },
  }
}
