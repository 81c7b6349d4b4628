// Watches one run to its end, through restarts of the control plane, and draws it meanwhile. Called by the commands
// that ask for a run.
import { systemClock } from "../kernel/clock.ts"
import { seconds } from "../kernel/duration.ts"
import { describe } from "../kernel/errors.ts"
import { until } from "../kernel/until.ts"
import type { Stamped } from "../server/events.ts"
import { controlPlaneOf } from "../server/state-directory.ts"
import type { StateDirectory } from "../server/state-directory.ts"
import type { ReleaseReport } from "../server/status.ts"
import { Client } from "./client.ts"
import type { RunView } from "./render/run-view.ts"

const comesBackWithinMs = seconds(60)
const isOver = (release: { state: string }) => release.state !== "queued" && release.state !== "running"

export async function follow(state: StateDirectory, id: number, view: RunView): Promise<ReleaseReport> {
  for (;;) {
    const { client, report } = await reach(state, id)
    if (isOver(report)) {
      view.end(report)
      return report
    }
    view.begin(report)
    await watch(client, report, view).catch((thrown: unknown) =>
      view.note(`lost sight of the control plane (${describe(thrown)}); it carries on when it is back`),
    )
  }
}

/** Resolves when the run is over or the control plane has gone. What was before the run concerns nobody who follows it. */
async function watch(client: Client, { id, requestedAt: askedAt }: ReleaseReport, view: RunView): Promise<void> {
  const stop = new AbortController()
  try {
    for await (const event of client.events(stop.signal)) {
      if (concerns(event, id) && event.at >= askedAt) view.show(event)
      if (event.type === "release" && event.release.id === id && isOver(event.release)) return
    }
  } finally {
    stop.abort()
  }
}

function concerns(event: Stamped, id: number): boolean {
  if (event.type === "journal") return event.event.release === id
  if (event.type === "progress") return event.release === id
  return event.type === "keeper"
}

/** A control plane may also go between being found and being asked. */
function reach(state: StateDirectory, id: number): Promise<{ client: Client; report: ReleaseReport }> {
  const probe = async () => {
    const client = new Client(await controlPlaneOf(state))
    return { done: { client, report: await client.get<ReleaseReport>(`/runs/${id}`) } }
  }
  return until(probe, {
    what: "the control plane is back",
    everyMs: 500,
    withinMs: comesBackWithinMs,
    clock: systemClock,
    signal: new AbortController().signal,
  })
}
