// The stream over which a page is told to reload; opened again whenever it ends, as a browser does. Held by a page.
import { holdEventStream } from "./event-stream.ts"
import type { Pin } from "./pin.ts"
import { pause, requestName } from "./run.ts"
import type { Run } from "./run.ts"

export interface NoticeChannelOptions {
  pageId: string
  /** The page before it was reloaded. */
  was: { id: string; version: string } | undefined
  pin: Pin
  /** Called at each notice, with the moment by which the page must have reloaded. */
  told: (reloadBy: number) => void
  signal: AbortSignal
}

const silentForMs = 60_000
const reconnectMs = { from: 500, to: 1_500 }

export async function followNotices(run: Run, { pageId, was, pin, told, signal }: NoticeChannelOptions): Promise<void> {
  const { version } = pin
  const path = version === undefined ? undefined : run.dialect.noticePath?.({ id: pageId, version, ...(was === undefined ? {} : { was }) })
  if (path === undefined) return
  const request = requestName({ method: "GET", path })

  while (!signal.aborted) {
    const end = await holdEventStream({
      target: run.target,
      path,
      silentForMs,
      opened: (_, latencyMs) => run.tally.record({ request, version, latencyMs, failure: undefined }),
      event: ({ event, data }) => {
        const reloadBy = event === run.dialect.noticeEvent ? readReloadBy(data) : undefined
        if (reloadBy !== undefined) told(reloadBy)
      },
      signal,
    })
    if (end !== "left" && "refused" in end) run.tally.record({ request, version, latencyMs: end.latencyMs, failure: end.refused })
    await pause(run.chance.between(reconnectMs), signal)
  }
}

function readReloadBy(data: string): number | undefined {
  try {
    const notice: unknown = JSON.parse(data)
    const reloadBy = typeof notice === "object" && notice !== null && "reloadBy" in notice ? notice.reloadBy : undefined
    return typeof reloadBy === "number" ? reloadBy : undefined
  } catch {
    return undefined
  }
}
