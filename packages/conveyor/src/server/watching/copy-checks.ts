// The copies of the current version as checks of the watch: made anew every few seconds from what the runtime and the checkup have seen, so
// that nobody asks a copy twice. Called by the watching of the control plane.
import type { Health } from "../../release/copies/health.ts"
import { see } from "../../release/lifecycle/seen.ts"
import type { Ports } from "../../release/ports.ts"
import type { Copy } from "../../runtime/runtime.ts"
import { fine, problem, unknown } from "../../watch/checks/check.ts"
import type { Finding } from "../../watch/checks/check.ts"
import type { Pace, Watched } from "../../watch/plan.ts"

/** What is older says nothing about now. */
const freshMs = 15_000

/**
 * By its place, "copy web/1", whatever version fills it: an incident goes on when a release changes only who is ill. While who is
 * current is not known, none.
 */
export async function copyChecks(ports: Ports, pace: Pace, signal: AbortSignal): Promise<Watched[]> {
  const { table, copies } = await see(ports, signal)
  const current = copies.filter(({ version }) => version === table?.current)
  return current.map((copy) => {
    const { id, service, version, index, node } = copy
    return {
      check: {
        name: `copy ${service}/${index + 1}`,
        kind: "copy",
        place: { service, version, copy: id, node },
        ask: () => Promise.resolve(findingOf(copy, ports.health, ports.clock.now())),
      },
      ...pace,
      severity: "page",
      dependsOn: [],
    }
  })
}

export function findingOf(copy: Copy, health: Health, now: number): Finding {
  const { id, version, state, end, restarts } = copy
  if (state === "unknown") return unknown(`the machine of ${version} cannot be asked`)
  if (state === "crash-loop") return problem(`${version} ends again and again: ${end?.reason ?? "nobody knows why"}`, { restarts })
  if (state === "exited") return problem(`${version} has ended: ${end?.reason ?? "nobody knows why"}`, { restarts })
  const illness = health.illnessOf(id)
  if (illness !== undefined) return problem(`${version} is not well: ${illness.reason}`)
  const wellFor = health.wellFor(id, now)
  if (wellFor === undefined || wellFor > freshMs) return unknown(`${version} was not heard of for a while`)
  return fine(`${version} says that it is well`)
}
