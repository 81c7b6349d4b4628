// The watch inside the control plane: what conveyor.yml names and what runs now, watched from start to stop. Started by serve.ts.
import type { Clock } from "../../kernel/time/clock.ts"
import { seconds } from "../../kernel/time/duration.ts"
import { describe } from "../../kernel/errors/errors.ts"
import type { Logger } from "../../kernel/logger.ts"
import type { Ports } from "../../release/ports.ts"
import type { Book } from "../../watch/book/book.ts"
import type { Exporter } from "../../watch/exporter.ts"
import type { Audience } from "../../watch/telling/telling.ts"
import type { Notifier } from "../../watch/telling/notifier.ts"
import type { Pace, Watched } from "../../watch/plan.ts"
import { watch } from "../../watch/watch.ts"
import { causesOf } from "./causes.ts"
import { copyChecks } from "./copy-checks.ts"
import { userChecks } from "./user-checks.ts"

/** Made by wiring/. */
export interface WatchParts {
  book: Book
  standing: readonly Watched[]
  /** How copies are judged; undefined where they are not watched. */
  copyPace: Pace | undefined
  users: "watched" | "unwatched"
  notifiers: readonly Notifier[]
  audiences: readonly Audience[]
  exporters: readonly Exporter[]
  goal: number
  service: string
  installation: string
}

/** Copies are asked by the checkup; who is there now is looked up no more often than anybody could be told. */
const lookEveryMs = seconds(3)

export class Watching {
  readonly parts: WatchParts
  readonly #ports: Ports
  readonly #users: readonly Watched[]
  #copies: readonly Watched[] = []

  constructor(parts: WatchParts, ports: Ports) {
    this.parts = parts
    this.#ports = ports
    const { book, goal, users } = parts
    this.#users = users === "unwatched" ? [] : userChecks({ metering: ports.metering, traffic: book.traffic, goal, clock: ports.clock })
  }

  /** What is watched now. */
  get plan(): readonly Watched[] {
    return [...this.#users, ...this.parts.standing, ...this.#copies]
  }

  /** Until the signal aborts. */
  async work({ clock, logger, signal }: { clock: Clock; logger: Logger; signal: AbortSignal }): Promise<void> {
    await this.#lookAtCopies(logger, signal)
    const causes = (fromMs: number, untilMs: number) => causesOf(this.#ports, fromMs, untilMs)
    const watching = watch({ ...this.parts, plan: () => this.plan, causes, clock, logger: logger.child({ of: "watch" }) }, signal)
    while (!signal.aborted) {
      await clock.sleep(lookEveryMs, signal).catch(() => {})
      await this.#lookAtCopies(logger, signal)
    }
    await watching
  }

  /** Where it cannot be seen what runs, those seen last are watched on: they were not taken away. */
  async #lookAtCopies(logger: Logger, signal: AbortSignal): Promise<void> {
    const { copyPace } = this.parts
    if (copyPace === undefined || signal.aborted) return
    try {
      this.#copies = await copyChecks(this.#ports, copyPace, signal)
    } catch (thrown) {
      if (!signal.aborted) logger.warn({ error: describe(thrown) }, "the watch cannot see what runs")
    }
  }
}
