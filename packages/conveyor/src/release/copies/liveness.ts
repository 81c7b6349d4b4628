// Copies that run and are not well: which of them are ended, so that another takes their place, and when that would make
// things worse. `judge` is pure; called by the control plane after each checkup, and by the status for what is held.
import { seconds } from "../../kernel/time/duration.ts"
import { hasEnded } from "../../runtime/reconcile.ts"
import type { Copy, RuntimeObservation, WantedService } from "../../runtime/runtime.ts"
import { see, stateOfVersion } from "../lifecycle/seen.ts"
import { versionMay } from "../lifecycle/version-state.ts"
import type { Ports } from "../ports.ts"
import { freshMs } from "./checkup.ts"
import type { Health, Illness } from "./health.ts"
import type { KeeperAct } from "./keeper-act.ts"

export type Verdict = { do: "give-up"; copy: Copy; wanted: WantedService; reason: string } | { do: "hold"; reason: string }

/** Where all hang, something that they share may be down: one is replaced after that, to see whether it helps. */
const trialAfterMs = seconds(30)
/** What hangs seldom obeys, and what does not listen has little in flight. */
const longestGraceMs = seconds(5)
const shareAtOnce = 1 / 4

interface Ill {
  copy: Copy
  illness: Illness
}

/** What is to be done about the copies of every service at every version. */
export function judge({ wanted, copies }: RuntimeObservation, health: Health, now: number): Verdict[] {
  return wanted.flatMap((each) => {
    const own = copies.filter(({ service, version }) => service === each.service && version === each.version)
    return judgeService(each, own, health, now)
  })
}

function judgeService(wanted: WantedService, own: readonly Copy[], health: Health, now: number): Verdict[] {
  const ill = own.flatMap((copy): Ill[] => {
    const illness = health.illnessOf(copy.id)
    if (illness === undefined || copy.state !== "running" || !health.isOut(copy.id)) return []
    const mayStillComeUp = !health.wasWell(copy.id) && now - copy.startedAt < wanted.startWithinMs
    return mayStillComeUp ? [] : [{ copy, illness }]
  })
  if (ill.length === 0) return []
  const isWell = ({ id, state }: Copy) => state === "running" && (health.wellFor(id, now) ?? Infinity) <= freshMs(wanted.health)
  const well = own.filter(isWell).length
  // Whoever ends again and again is not waited for.
  const coming = own.filter((copy) => copy.state !== "crash-loop" && !isWell(copy) && !ill.some((each) => each.copy === copy)).length
  const room = Math.max(1, Math.floor(wanted.copies * shareAtOnce)) - coming
  const giveUp = (each: readonly Ill[]): Verdict[] =>
    each.slice(0, Math.max(0, room)).map(({ copy, illness }) => ({ do: "give-up", copy, wanted, reason: inWords(illness) }))

  // A sibling that is well has the same databases, the same machine and the same questioner.
  if (well > 0) return giveUp(ill)
  // No database makes a living process stop listening.
  const refusing = ill.filter(({ illness }) => illness.kind === "refuses")
  if (refusing.length > 0) return giveUp(refusing)
  const [first] = ill.filter(({ illness }) => illness.kind === "silent")
  if (first !== undefined && now - first.illness.since >= trialAfterMs) return giveUp([first])
  return [{ do: "hold", reason: holdInWords(wanted, ill) }]
}

const inWords = ({ failures, reason }: Illness) => `${failures} questions in a row found it not well: ${reason}`

function holdInWords({ service, version }: WantedService, ill: readonly Ill[]): string {
  const reasons = [...new Set(ill.map(({ illness }) => illness.reason))].join("; ")
  return `no copy of ${service} at ${version} is well (${reasons}): none is replaced, since what they share may be down`
}

/** Ends those that are to be ended; the runtime fills their places, with growing pauses. Versions that a run is about are left to it. */
export async function replaceIll(ports: Ports, signal: AbortSignal, onAct: (act: KeeperAct) => void): Promise<void> {
  if (!judge(await ports.runtime.observe(signal), ports.health, ports.clock.now()).some((verdict) => verdict.do === "give-up")) return
  const seen = await see(ports, signal)
  const isKept = async (name: string) => {
    const version = await ports.versions.find(name)
    return version !== undefined && versionMay[stateOfVersion(version, seen)].keep === "yes"
  }
  const verdicts = judge(seen, ports.health, ports.clock.now())
  await Promise.all(
    verdicts.map(async (verdict) => {
      if (verdict.do === "hold" || hasEnded(verdict.copy) || !(await isKept(verdict.copy.version))) return
      const { copy, wanted, reason } = verdict
      onAct({ event: "given-up", copy, reason })
      await ports.runtime.giveUp(copy.id, { reason, graceMs: Math.min(wanted.stopGraceMs, longestGraceMs), signal })
    }),
  )
}
