// Watches one run to its end, through restarts of the control plane, and draws it meanwhile. Called by the commands
// that ask for a run.
import { systemClock } from "../kernel/clock.ts"
import { seconds } from "../kernel/duration.ts"
import { describe } from "../kernel/errors.ts"
import { until } from "../kernel/until.ts"
import type { Event } from "../server/protocol/events.ts"
import { controlPlaneOf } from "../server/state-directory.ts"
import type { StateDirectory } from "../server/state-directory.ts"
import type { RunReport } from "../server/protocol/runs.ts"
import { Client } from "./client.ts"
import type { RunView } from "./render/run-view.ts"

const comesBackWithinMs = seconds(60)
const isOver = (release: { state: string }) => release.state !== "queued" && release.state !== "running"

export async function follow(state: StateDirectory, id: number, view: RunView): Promise<RunReport> {
  const seen: Seen = { last: undefined }
  for (;;) {
    const { client, report } = await reach(state, id)
    if (isOver(report)) {
      view.end(report)
      return report
    }
    view.begin(report)
    await watch(client, report, view, seen).catch((thrown: unknown) =>
      view.note(`lost sight of the control plane (${describe(thrown)}); it carries on when it is back`),
    )
  }
}

/** The id of the last event, so that a connection that is lost goes on where it was. */
interface Seen {
  last: string | undefined
}

/** Resolves when the run is over or the control plane has gone. What was before the run concerns nobody who follows it. */
async function watch(client: Client, { id, requestedAt: askedAt }: RunReport, view: RunView, seen: Seen): Promise<void> {
  const stop = new AbortController()
  try {
    for await (const event of client.events(stop.signal, seen.last)) {
      seen.last = event.id
      if (concerns(event, id) && event.at >= askedAt) view.show(event)
      if (event.type === "run" && event.run.id === id && isOver(event.run)) return
    }
  } finally {
    stop.abort()
  }
}

function concerns(event: Event, id: number): boolean {
  if (event.type === "journal") return event.event.release === id
  if (event.type === "progress" || event.type === "stuck") return event.run === id
  if (event.type === "request") return event.request.run === id
  return event.type === "keeper"
}

/** A control plane may also go between being found and being asked. */
function reach(state: StateDirectory, id: number): Promise<{ client: Client; report: RunReport }> {
  const probe = async () => {
    const client = new Client(await controlPlaneOf(state))
    return { done: { client, report: await client.ask("run", { params: { id: String(id) } }) } }
  }
  return until(probe, {
    what: "the control plane is back",
    everyMs: 500,
    withinMs: comesBackWithinMs,
    clock: systemClock,
    signal: new AbortController().signal,
  })
}
