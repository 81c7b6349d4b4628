// Who may not write, and why. Thrown by every adapter.
import { ConveyorError } from "../kernel/errors/errors.ts"

/** `holder`: in words, "process 7". `until`: milliseconds since the epoch. */
export function leaseHeld({ holder, since, until }: { holder: string; since: number; until: number }): ConveyorError {
  return new ConveyorError("lease-held", `another control plane works on this state: ${holder}`, {
    facts: { holder, since, until },
    hint: "Use that one (`conveyor status`), or stop it first (`conveyor down`). One that hangs is followed when its lease runs out, within seconds.",
  })
}

export function leaseLost(own: number | undefined, current: number): ConveyorError {
  return new ConveyorError("lease-lost", `this process may not write: its fencing token is ${own ?? "none"}, the lease's is ${current}`, {
    facts: { own, current },
    hint: "Another control plane took over; ask it (`conveyor status`).",
  })
}
