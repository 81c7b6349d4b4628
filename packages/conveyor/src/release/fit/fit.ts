// Asks the fleet whether a version may run on it. A shard that is silent and might matter is waited for, in the open and
// for a bounded time; one that does not matter is only named. Called by the steps and before a rollback.
import type { ChangeStatus } from "../../change/engine.ts"
import { minutes, seconds } from "../../kernel/time/duration.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Facts } from "../../kernel/errors/errors.ts"
import type { VersionRecord } from "../../store/records.ts"
import { describeDoubts, fitOf, incompatible } from "./compatibility.ts"
import type { Doubt } from "./compatibility.ts"
import type { Holds } from "../holds/holds.ts"
import type { Ports, Progress } from "../ports.ts"

/** A shard that has failed over, or was restarted, is back by then; whoever waits longer should be asked. */
const longestHoldMs = minutes(10)
const askEveryMs = seconds(2)

export interface FitHold {
  ports: Ports
  signal: AbortSignal
  report: (progress: Progress) => void
  holds: Holds
}

/**
 * Resolves when the version may run, with the shards that are silent and do not matter to it.
 * @throws ConveyorError "incompatible", or "fleet-unknown" where the shards that matter stay silent.
 */
export async function untilItFits(
  { name, changes }: VersionRecord,
  askFleet: () => Promise<readonly ChangeStatus[]>,
  { ports, signal, report, holds }: FitHold,
): Promise<readonly string[]> {
  for (;;) {
    const fit = fitOf(changes ?? [], await askFleet())
    if (fit.fits === "no") throw incompatible(name, fit.because)
    if (fit.fits === "yes") {
      await holds.over("shards reachable", "met")
      return fit.silent
    }
    const doubts = describeDoubts(fit.doubts)
    const { bound } = await holds.stand({ until: "shards reachable", boundMs: longestHoldMs, reason: doubts })
    const leftMs = bound - ports.clock.now()
    if (leftMs <= 0) throw fleetUnknown(name, fit.doubts)
    report({ message: `holding: ${doubts}; asking again for ${Math.ceil(leftMs / 1_000)} s` })
    await ports.clock.sleep(askEveryMs, signal)
  }
}

/**
 * For a question that is answered at once: only a certain no is refused. Gives the silent shards that do not matter, or that it has to be
 * asked again. @throws ConveyorError "incompatible"
 */
export function assertNotIncompatible({ name, changes }: VersionRecord, fleet: readonly ChangeStatus[]): readonly string[] | "to-be-asked" {
  const fit = fitOf(changes ?? [], fleet)
  if (fit.fits === "no") throw incompatible(name, fit.because)
  return fit.fits === "yes" ? fit.silent : "to-be-asked"
}

/** How the journal names the shards that a version goes without. */
export const goesWithout = (version: string, silent: readonly string[]): Facts =>
  silent.length === 0
    ? {}
    : {
        silent,
        reason: `${silent.join(", ")} ${silent.length === 1 ? "does" : "do"} not answer; ${version} needs nothing of ${silent.length === 1 ? "it" : "them"}`,
      }

function fleetUnknown(version: string, doubts: readonly Doubt[]): ConveyorError {
  const shards = [...new Set(doubts.flatMap((doubt) => doubt.shards))]
  return new ConveyorError("fleet-unknown", `nobody knows whether ${version} may run: ${describeDoubts(doubts)}`, {
    facts: { version, shards, doubts },
    hint: `Bring ${shards.join(", ")} back, or look why it is not reached: conveyor change status. Then ask again.`,
  })
}
