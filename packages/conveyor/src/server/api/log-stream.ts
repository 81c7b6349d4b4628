// The output of copies as it comes, those that are started meanwhile too, over HTTP: no faster than it is read, until the asker goes
// away. Called by the API.
import type { ServerResponse } from "node:http"
import { seconds } from "../../kernel/time/duration.ts"
import { describe } from "../../kernel/errors/errors.ts"
import type { Ports } from "../../release/ports.ts"
import type { Copy } from "../../runtime/runtime.ts"
import type { LogQuery } from "../reports/logs.ts"
import type { LogNews } from "../protocol/logs.ts"
import { beginJsonLines } from "./json-lines.ts"

const lookEveryMs = seconds(1)

export async function streamLogs(response: ServerResponse, ports: Ports, query: LogQuery, signal: AbortSignal): Promise<void> {
  const tell: (news: LogNews) => Promise<void> = beginJsonLines(response, signal)
  const read = async ({ id, service, version }: Copy, last: number | undefined) => {
    const from = last === undefined ? {} : { last }
    for await (const { text } of ports.runtime.logs(id, { ...from, follow: "follow", signal }))
      await tell({ copy: id, service, version, text })
  }
  const followed = new Set<string>()
  // Of a copy that comes later everything is news.
  for (let last: number | undefined = query.lines; !signal.aborted; last = undefined) {
    const { copies } = await ports.runtime.observe(signal)
    for (const copy of copies.filter((each) => isAsked(each, query) && !followed.has(each.id))) {
      followed.add(copy.id)
      read(copy, last).catch((thrown: unknown) => {
        if (!signal.aborted) ports.logger.warn({ copy: copy.id, error: describe(thrown) }, "the output of a copy cannot be followed")
      })
    }
    await ports.clock.sleep(lookEveryMs, signal).catch(() => {})
  }
}

const isAsked = (copy: Copy, { version, service }: LogQuery) =>
  (version === undefined || copy.version === version) && (service === undefined || copy.service === service)
