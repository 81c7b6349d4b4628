// Renews the lease as long as the control plane works. Where another has it, this one has to end. Called by serve.ts.
import type { Clock } from "../kernel/time/clock.ts"
import { seconds } from "../kernel/time/duration.ts"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import type { Logger } from "../kernel/logger.ts"
import type { Lease } from "../store/lease.ts"

/** Long enough for a machine that stalls, short enough that a control plane that hangs is followed soon. */
export const leaseMs = seconds(15)
const tries = 3

export interface LeaseHolding {
  lease: Lease
  clock: Clock
  logger: Logger
  signal: AbortSignal
}

/**
 * Resolves when the signal aborts. A renewal that fails for another reason, a full disk for one, loses nothing as long as nobody
 * takes the lease: it is tried again. @throws ConveyorError "lease-lost"
 */
export async function holdLease({ lease, clock, logger, signal }: LeaseHolding): Promise<void> {
  for (;;) {
    await clock.sleep(leaseMs / tries, signal).catch(() => {})
    if (signal.aborted) return
    try {
      await lease.renew(leaseMs)
    } catch (thrown) {
      if (thrown instanceof ConveyorError && thrown.code === "lease-lost") throw thrown
      logger.warn({ error: describe(thrown) }, "the lease could not be renewed")
    }
  }
}
