// No new copy is started while users wait longer than they did before the release began. Called by the step start
// between its waves.
import { seconds } from "../../kernel/time/duration.ts"
import type { Facts } from "../../kernel/errors/errors.ts"
import type { JournalEvent } from "../../store/records.ts"
import { holdUntil } from "../holds/holds.ts"
import type { Waiting } from "../holds/holds.ts"
import type { HoldEnd } from "../holds/hold.ts"
import type { Ports } from "../ports.ts"
import type { UsersWait } from "../routing/users-view.ts"

const askEveryMs = seconds(1)

/** Observed before a release begins anything, and kept in its journal. */
export const waitBefore = async ({ users }: Ports, signal: AbortSignal): Promise<Facts> => ({ usersWait: await users.usualWait(signal) })

/** Undefined where it was not observed, few asked, or nobody could say: then there is nothing to wait for. */
export function waitBeforeIn(events: readonly JournalEvent[]): number | undefined {
  const said = events.find(({ facts }) => facts["usersWait"] !== undefined)?.facts["usersWait"] as UsersWait | undefined
  return said?.is === "known" ? said.ms : undefined
}

export interface UsersFirst extends Waiting {
  ports: Ports
  /** What nineteen of twenty waited at the most before. */
  beforeMs: number
  boundMs: number
}

export function untilUsersAreServedAsBefore({ beforeMs, boundMs, ...waiting }: UsersFirst): Promise<HoldEnd> {
  const { ports, signal } = waiting
  const whyNot = async () => whyUsersAreNotServedAsBefore(await ports.users.waitNow(signal), beforeMs)
  return holdUntil({ until: "latency back", boundMs, everyMs: askEveryMs, whyNot }, waiting)
}

function whyUsersAreNotServedAsBefore(now: UsersWait, beforeMs: number): string | undefined {
  if (now.is === "unknown") return `how long users wait is not known: ${now.because}`
  if (now.is === "few" || !isSlower(now.ms, beforeMs)) return undefined
  return `19 of 20 users wait up to ${Math.round(now.ms)} ms, ${Math.round(beforeMs)} ms before the release began`
}

/** More than one bucket's width and the noise of a moment. */
const isSlower = (ms: number, beforeMs: number): boolean => ms > 1.5 * beforeMs && ms > beforeMs + 25
