// What the keeper did or saw, in words. Shown by whoever follows a run.
import type { KeeperFact } from "../../server/protocol/events.ts"

export function keeperWords({ kind, version, copy, reason = "how is not known" }: KeeperFact): string {
  const place = copy === undefined ? `a copy of ${version}` : `${copy.service} ${copy.index + 1} of ${version}`
  return {
    "copy-started": `${place} was missing; started it`,
    "copy-restarted": `${place} had ended (${reason}); started it again`,
    "copy-crash-loop": `${place} ends again and again (${reason}), ${(copy?.restarts ?? 0) + 1} times in a row; the next start waits`,
    "copy-given-up": `${place} runs and is not well (${reason}); ending it, so that another takes its place`,
    "copy-surplus-stopped": `${place} was one too many; stopped it`,
    "version-wanted-again": `what ${version} wants was not recorded; wanted again as its commit says`,
    "version-stopping": `${version} is no longer kept warm; stopping its copies`,
    "version-draining": reason,
    "version-not-stopped": `could not stop ${version} yet: ${reason}`,
  }[kind]
}
