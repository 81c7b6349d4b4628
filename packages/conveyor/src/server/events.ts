// What happens, as a stream: published by the control plane, followed by the command line and the dashboard.
// A follower that comes late gets the newest events first, so that it never starts with an empty screen.
import type { ShardStatus } from "../change/engine.ts"
import type { JournalEvent, ReleaseRecord } from "../store/records.ts"

export type ServerEvent =
  | { type: "release"; release: ReleaseRecord }
  | { type: "journal"; event: JournalEvent }
  | { type: "progress"; release: number; step: string; message: string; shards: readonly (ShardStatus & { change: string })[] | undefined }
  | { type: "keeper"; message: string }

export type Stamped = ServerEvent & { at: number }

const remembered = 200

export class EventHub {
  readonly #followers = new Set<(event: Stamped) => void>()
  #newest: Stamped[] = []

  publish(event: Stamped): void {
    // Of progress only the latest counts; the rest would push out what a late follower needs.
    if (event.type === "progress") this.#newest = this.#newest.filter((each) => each.type !== "progress")
    this.#newest = [...this.#newest, event].slice(-remembered)
    for (const follow of this.#followers) follow(event)
  }

  /** Gives the newest events, then all later ones, until the signal aborts. */
  follow(follower: (event: Stamped) => void, signal: AbortSignal): void {
    for (const event of this.#newest) follower(event)
    this.#followers.add(follower)
    signal.addEventListener("abort", () => this.#followers.delete(follower), { once: true })
  }
}
