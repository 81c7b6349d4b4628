// The control plane's events: numbered, remembered for followers that come late or come again, and bounded.
// Published by the control plane, followed through the API.
import type { Event, Happening } from "../protocol/events.ts"

const remembered = 500

export type Follower = (event: Event) => void

export class EventHub {
  readonly #epoch: number
  readonly #followers = new Set<Follower>()
  #newest: { number: number; event: Event }[] = []
  #last = 0
  /** The newest that is forgotten for want of room: whoever saw less than this has missed something. */
  #forgotten = 0

  /** `epoch` tells this control plane's numbers from those of the one before: its fencing token. */
  constructor(epoch: number) {
    this.#epoch = epoch
  }

  publish(happening: Happening, at: number): void {
    // Of what is said again and again only the latest counts; the rest would push out what a late follower needs.
    this.#newest = this.#newest.filter(({ event }) => !isOutdatedBy(event, happening))
    this.#last += 1
    const event: Event = { ...happening, id: this.#id(this.#last), at }
    this.#newest.push({ number: this.#last, event })
    if (this.#newest.length > remembered) this.#forgotten = this.#newest.shift()?.number ?? this.#forgotten
    for (const follow of this.#followers) follow(event)
  }

  /**
   * Gives what is remembered, then all that comes, until the signal aborts. `after`: the id of the last event that the
   * follower saw; it gets the later ones, and before them a "missed" where some of those are not known here.
   */
  follow(follower: Follower, signal: AbortSignal, after?: string): void {
    const seen = after === undefined ? 0 : this.#numberOf(after)
    const from = seen ?? 0
    if (after !== undefined && (seen === undefined || seen < this.#forgotten)) {
      follower({ type: "missed", after, id: this.#id(this.#forgotten), at: this.#newest[0]?.event.at ?? 0 })
    }
    for (const { event } of this.#newest.filter(({ number }) => number > from)) follower(event)
    this.#followers.add(follower)
    signal.addEventListener("abort", () => this.#followers.delete(follower), { once: true })
  }

  #id(number: number): string {
    return `${this.#epoch}-${number}`
  }

  /** Undefined for what this hub has not given out. */
  #numberOf(id: string): number | undefined {
    const [, epoch, number] = /^(\d{1,15})-(\d{1,15})$/.exec(id) ?? []
    return Number(epoch) === this.#epoch && Number(number) <= this.#last ? Number(number) : undefined
  }
}

function isOutdatedBy(before: Happening, now: Happening): boolean {
  if (before.type !== "keeper" || now.type !== "keeper") return before.type === "progress" && now.type === "progress"
  const [a, b] = [before.fact, now.fact]
  return a.kind === b.kind && a.version === b.version && a.copy?.id === b.copy?.id
}
