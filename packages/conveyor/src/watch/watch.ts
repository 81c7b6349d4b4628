// The watch: rounds, telling and post, from start to stop. Started by the control plane, or by `conveyor watch serve`.
import type { Clock } from "../kernel/time/clock.ts"
import { describe } from "../kernel/errors/errors.ts"
import type { Logger } from "../kernel/logger.ts"
import type { Book } from "./book/book.ts"
import { tellOfOpen } from "./telling/telling.ts"
import type { Exporter } from "./exporter.ts"
import type { Audience } from "./telling/telling.ts"
import type { Cause } from "./incidents/suspects.ts"
import type { Notifier } from "./telling/notifier.ts"
import { carryPost } from "./telling/postman.ts"
import type { Watched } from "./plan.ts"
import { Rounds } from "./rounds.ts"

export interface WatchParts {
  book: Book
  plan: () => readonly Watched[]
  causes: (fromMs: number, untilMs: number) => Promise<readonly Cause[]>
  notifiers: readonly Notifier[]
  audiences: readonly Audience[]
  exporters: readonly Exporter[]
  service: string
  installation: string
  clock: Clock
  logger: Logger
}

const tellEveryMs = 1_000

/** Until the signal aborts. */
export async function watch(parts: WatchParts, signal: AbortSignal): Promise<void> {
  const rounds = new Rounds(parts)
  const post = parts.notifiers.map((notifier) => carryPost({ ...parts, notifier, signal }))
  const shows = parts.exporters.map((exporter) => show(parts, exporter, signal))
  await Promise.all([rounds.go(signal), tell(parts, rounds, signal), ...post, ...shows])
}

async function tell({ book, audiences, clock, logger }: WatchParts, rounds: Rounds, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      tellOfOpen(book, audiences, (check) => rounds.around(check), clock.now())
    } catch (thrown) {
      logger.error({ error: describe(thrown) }, "what is open could not be told")
    }
    await clock.sleep(tellEveryMs, signal).catch(() => {})
  }
}

async function show({ book, plan, clock, logger }: WatchParts, exporter: Exporter, signal: AbortSignal): Promise<void> {
  let failed: string | undefined
  while (!signal.aborted) {
    try {
      const standings = new Map(book.standings.all().map((each) => [each.check, each]))
      const checks = plan().map(({ check: { name } }) => {
        const known = standings.get(name)
        return { name, standing: known?.judged.standing ?? ("unseen" as const), summary: known?.summary ?? "not asked yet" }
      })
      await exporter.show({ at: clock.now(), checks, open: book.incidents.allOpen() }, signal)
      if (failed !== undefined) logger.info({ to: exporter.name }, "is shown again how everything stands")
      failed = undefined
    } catch (thrown) {
      // Said once, not each ten seconds.
      if (describe(thrown) !== failed && !signal.aborted)
        logger.warn({ to: exporter.name, error: describe(thrown) }, "cannot be shown how everything stands")
      failed = describe(thrown)
    }
    await clock.sleep(exporter.everyMs, signal).catch(() => {})
  }
}
