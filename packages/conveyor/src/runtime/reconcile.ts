// What has to be done so that what is wanted runs: decided from what is wanted and what is seen. Pure. Called by runtimes
// that keep their copies alive themselves.
import { minutes, seconds } from "../kernel/time/duration.ts"
import type { Copy, CopyEnd, RuntimeEvent, WantedService } from "./runtime.ts"

export type Decision<W extends WantedService> =
  | { do: "start"; wanted: W; index: number }
  /** The copy has ended; another takes its place. */
  | { do: "replace"; wanted: W; copy: Copy; restarts: number }
  /** Another has its place, or so many are not wanted any more. */
  | { do: "stop"; wanted: W; copy: Copy }

/** Whoever lived so long was no failed start. */
export const stableMs = seconds(60)
/** A copy that was given up has had its time to start and was asked several times: only one that lived so long was well. */
const stableUntilGivenUpMs = minutes(10)
/** So many ends in a row, each soon after its start, are a crash loop. */
export const crashLoopAfter = 5
const firstPauseMs = seconds(1)
const longestPauseMs = seconds(60)

export function decide<W extends WantedService>(wanted: readonly W[], copies: readonly Copy[], now: number): Decision<W>[] {
  return wanted.flatMap((each) => {
    // What rests is ended by whoever lets it rest.
    if (each.work === "resting") return []
    const own = copies.filter((copy) => copy.service === each.service && copy.version === each.version)
    const surplus = own.filter((copy) => copy.index >= each.copies).map((copy) => ({ do: "stop" as const, wanted: each, copy }))
    const places = Array.from({ length: each.copies }, (_, index) => decidePlace(each, index, own, now))
    return [...surplus, ...places.flat()]
  })
}

function decidePlace<W extends WantedService>(wanted: W, index: number, own: readonly Copy[], now: number): Decision<W>[] {
  const here = own.filter((copy) => copy.index === index).toSorted((a, b) => a.startedAt - b.startedAt)
  const living = here.filter((copy) => !hasEnded(copy))
  const kept = living.find((copy) => copy.state === "running") ?? living[0]
  if (kept !== undefined) {
    // Two of one place come of a starter that died before it saw the first come up. One that may still come up is waited for.
    const isLeftOver = (copy: Copy) => hasEnded(copy) || (copy.state === "running" && copy !== kept)
    return here.filter(isLeftOver).map((copy) => ({ do: "stop", wanted, copy }))
  }
  const last = here.at(-1)
  if (last === undefined) return [{ do: "start", wanted, index }]
  const forgotten = here.slice(0, -1).map((copy) => ({ do: "stop" as const, wanted, copy }))
  return (last.restartAt ?? 0) <= now ? [...forgotten, { do: "replace", wanted, copy: last, restarts: failedStarts(last) }] : forgotten
}

/** Copies that have come into a crash loop since the last time; `known` remembers which were told. */
export function newCrashLoops(copies: readonly Copy[], known: Set<string>): RuntimeEvent[] {
  const looping = copies.filter(({ id, state }) => state === "crash-loop" && !known.has(id))
  for (const id of known) if (!copies.some((copy) => copy.id === id)) known.delete(id)
  for (const { id } of looping) known.add(id)
  return looping.map((copy) => ({ event: "crash-loop", copy, ...(copy.end !== undefined && { reason: copy.end.reason }) }))
}

export const hasEnded = (copy: Pick<Copy, "state">): boolean => copy.state === "exited" || copy.state === "crash-loop"

/** What is known of an ended copy besides that: whether it is one of many, and when the next is due. */
export function afterEnd(copy: Pick<Copy, "startedAt" | "restarts">, end: CopyEnd): { state: "exited" | "crash-loop"; restartAt: number } {
  const failed = failedStarts({ ...copy, end })
  // The first end is answered at once: most come of something that is over.
  const pauseMs = failed <= 1 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (failed - 2))
  return { state: failed >= crashLoopAfter ? "crash-loop" : "exited", restartAt: end.at + pauseMs }
}

/** How many in a row have ended soon after their start, this one included; one that lived begins the count anew. */
function failedStarts({ startedAt, restarts, end }: Pick<Copy, "startedAt" | "restarts" | "end">): number {
  if (end === undefined) return 1
  return end.at - startedAt >= (end.how === "given-up" ? stableUntilGivenUpMs : stableMs) ? 1 : restarts + 1
}
