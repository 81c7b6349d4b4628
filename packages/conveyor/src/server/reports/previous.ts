// Which version served before the current one: what a person means by "back". Called by the control plane.
import { laneOf, stateOf } from "../../release/machine.ts"
import { plans } from "../../release/plan.ts"
import type { Ports } from "../../release/ports.ts"
import type { ReleaseRecord } from "../../store/records.ts"

const pageOfRuns = 50

/** Its name; undefined where none was. Reads as much of the past as it has to. */
export async function previousTo(current: string | undefined, ports: Pick<Ports, "queue" | "journal">): Promise<string | undefined> {
  const own = current === undefined ? [] : await ports.queue.ofVersion(current)
  // While a release bakes its version is current, and not promoted yet: all that was promoted came before it.
  let from = (await firstServed(own.toReversed(), ports))?.id ?? Number.MAX_SAFE_INTEGER
  for (;;) {
    const page = await ports.queue.before(from, pageOfRuns)
    const others = page.filter(({ version }) => version !== current)
    const found = await firstServed(others, ports)
    const oldest = page.at(-1)
    if (found !== undefined || oldest === undefined) return found?.version
    from = oldest.id
  }
}

/** The first whose version users were sent to, and kept. */
async function firstServed(runs: readonly ReleaseRecord[], { journal }: Pick<Ports, "journal">): Promise<ReleaseRecord | undefined> {
  for (const run of runs) {
    if (run.state !== "promoted" && run.state !== "running") continue
    const events = await journal.of(run.id)
    const isKept = run.state === "promoted" || laneOf(plans[run.kind], events) === "beside"
    if (isKept && stateOf("switch", events) === "done") return run
  }
  return undefined
}
