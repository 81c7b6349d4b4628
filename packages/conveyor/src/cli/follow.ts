// Watches one run to its end, through restarts of the control plane, and draws it meanwhile. Called by the commands
// that ask for a run.
import { systemClock } from "../kernel/time/clock.ts"
import { seconds } from "../kernel/time/duration.ts"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import { until } from "../kernel/time/until.ts"
import type { Event } from "../server/protocol/events.ts"
import { controlPlaneOf } from "../server/installation/state-directory.ts"
import type { StateDirectory } from "../server/installation/state-directory.ts"
import type { RunReport } from "../server/protocol/runs.ts"
import { Client } from "./client.ts"
import type { RunView } from "./render/run-view.ts"

const comesBackWithinMs = seconds(60)
const isOver = (release: { state: string }) => release.state !== "queued" && release.state !== "running"

export interface FollowOptions {
  state: StateDirectory
  id: number
  view: RunView
  /** Aborting ends the watching, and not the run. */
  signal: AbortSignal
  /** How long a control plane that has gone is waited for. */
  withinMs?: number
}

/**
 * Gives the run as it is when it is over, or when the signal aborts.
 * @throws ConveyorError "unknown-outcome" where the control plane has gone and does not come back.
 */
export async function follow({ state, id, view, signal, withinMs = comesBackWithinMs }: FollowOptions): Promise<RunReport> {
  const seen: Seen = { last: undefined }
  for (;;) {
    const { client, report } = await reach(state, id, withinMs)
    if (isOver(report) || signal.aborted) {
      view.end(report)
      return report
    }
    view.begin(report)
    await watch(client, report, view, seen, signal).catch((thrown: unknown) => {
      if (!signal.aborted) view.note(`lost sight of the control plane (${describe(thrown)}); it carries on when it is back`)
    })
  }
}

/** The id of the last event, so that a connection that is lost goes on where it was. */
interface Seen {
  last: string | undefined
}

/**
 * Resolves when the run is over, when another one is while this one waits for it, or when the control plane has gone.
 * What was before the run concerns nobody who follows it.
 */
async function watch(client: Client, report: RunReport, view: RunView, seen: Seen, signal: AbortSignal): Promise<void> {
  const { id, requestedAt: askedAt } = report
  let isWaiting = report.state === "queued"
  const stop = new AbortController()
  try {
    for await (const event of client.events(AbortSignal.any([stop.signal, signal]), seen.last)) {
      seen.last = event.id
      if (concerns(event, id) && event.at >= askedAt) view.show(event)
      if (event.type !== "run" || event.at < askedAt) continue
      if (event.run.id === id) isWaiting = event.run.state === "queued"
      if (isOver(event.run) && (event.run.id === id || isWaiting)) return
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
function reach(state: StateDirectory, id: number, withinMs: number): Promise<{ client: Client; report: RunReport }> {
  const probe = async () => {
    const client = new Client(await controlPlaneOf(state))
    return { done: { client, report: await client.ask("run", { params: { id: String(id) } }) } }
  }
  return until(probe, {
    what: "the control plane is back",
    everyMs: 500,
    withinMs,
    clock: systemClock,
    signal: new AbortController().signal,
  }).catch((cause: unknown) => {
    throw new ConveyorError("unknown-outcome", `how run ${id} ends is not known: ${describe(cause)}`, {
      facts: { run: id },
      hint: `conveyor up starts the control plane, which carries the run on; then: conveyor show ${id}`,
      cause,
    })
  })
}
