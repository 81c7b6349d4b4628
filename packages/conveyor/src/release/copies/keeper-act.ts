// What the keeper did or saw, as facts, and the same in words. Published by the control plane.
import type { RuntimeEvent } from "../../runtime/runtime.ts"

export type KeeperAct =
  | RuntimeEvent
  /** Nothing was recorded of what a kept version wants; it was asked of its commit. */
  | { event: "wanted-again"; version: string }
  | { event: "stopping"; version: string }
  | { event: "draining"; version: string; waitsFor: string }
  | { event: "not-stopped"; version: string; because: string }

export function inWords(act: KeeperAct): string {
  return "copy" in act ? ofCopy(act) : ofVersion(act)
}

function ofCopy({ event, copy, reason = "how is not known" }: RuntimeEvent): string {
  const place = `${copy.service} ${copy.index + 1} of ${copy.version}`
  return {
    started: `${place} was missing; started it`,
    restarted: `${place} had ended (${reason}); started it again`,
    "crash-loop": `${place} ends again and again (${reason}), ${copy.restarts + 1} times in a row; the next start waits`,
    "stopped-surplus": `${place} was one too many; stopped it`,
  }[event]
}

function ofVersion(act: Exclude<KeeperAct, RuntimeEvent>): string {
  if (act.event === "wanted-again") return `what ${act.version} wants was not recorded; wanted again as its commit says`
  if (act.event === "stopping") return `${act.version} is no longer kept warm; stopping its copies`
  return act.event === "draining" ? act.waitsFor : `could not stop ${act.version} yet: ${act.because}`
}
