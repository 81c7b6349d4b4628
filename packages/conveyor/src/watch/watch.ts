// The watch: rounds, telling and post, from start to stop. Started by the control plane, or by `conveyor watch serve`.
import type { Clock } from "../kernel/clock.ts"
import { describe } from "../kernel/errors.ts"
import type { Logger } from "../kernel/logger.ts"
import type { Book } from "./book/book.ts"
import { tellOfOpen } from "./telling/telling.ts"
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
  await Promise.all([rounds.go(signal), tell(parts, rounds, signal), ...post])
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
