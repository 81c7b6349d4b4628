// Tells listeners what was just paid in a shop, by whichever copy and version took it: the shard is asked each second while someone
// listens. Called by the event stream and by the card terminals' link.
import type { Database } from "@florist/kit/database"
import type { OpenShop } from "@florist/kit/fleet"
import type { Payment } from "./payment.ts"
import { justTaken } from "./payment-store.ts"

export type Listener = (payment: Payment) => void

interface Log {
  warn(facts: object, message: string): void
}

const everyMs = 1_000
/** A row becomes visible a moment after the time that it carries, so each look goes back a little before the last one. */
const overlapMs = 5_000

export class LatestPayments {
  readonly #log: Log
  readonly #shards = new Map<Database, ShardWatch>()
  readonly #atStop = new Set<() => void>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Gives the function that ends it. `onStop` is called if the service ends first. */
  listen(shop: OpenShop, listener: Listener, onStop: () => void): () => void {
    const watch = this.#shards.get(shop.database) ?? this.#begin(shop)
    watch.add(shop.id, listener)
    this.#atStop.add(onStop)
    return () => {
      this.#atStop.delete(onStop)
      watch.remove(shop.id, listener)
      if (!watch.isIdle) return
      watch.stop()
      this.#shards.delete(shop.database)
    }
  }

  stop(): void {
    for (const end of this.#atStop) end()
    for (const watch of this.#shards.values()) watch.stop()
  }

  #begin(shop: OpenShop): ShardWatch {
    const watch = new ShardWatch(shop.database, (cause) =>
      this.#log.warn({ shard: shop.shard.name, cause }, "latest payments cannot be read"),
    )
    this.#shards.set(shop.database, watch)
    return watch
  }
}

class ShardWatch {
  readonly #database: Database
  readonly #onFailure: (cause: unknown) => void
  readonly #listeners = new Map<number, Set<Listener>>()
  #timer: NodeJS.Timeout | undefined
  #told = new Set<string>()
  #lookedAt = Date.now()
  #isStopped = false

  constructor(database: Database, onFailure: (cause: unknown) => void) {
    this.#database = database
    this.#onFailure = onFailure
    this.#lookAgain()
  }

  get isIdle(): boolean {
    return this.#listeners.size === 0
  }

  add(shop: number, listener: Listener): void {
    const listeners = this.#listeners.get(shop) ?? new Set()
    this.#listeners.set(shop, listeners.add(listener))
  }

  remove(shop: number, listener: Listener): void {
    const listeners = this.#listeners.get(shop)
    listeners?.delete(listener)
    if (listeners?.size === 0) this.#listeners.delete(shop)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #lookAgain(): void {
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#look(), everyMs)
  }

  async #look(): Promise<void> {
    const startedAt = Date.now()
    try {
      const payments = await justTaken(this.#database, [...this.#listeners.keys()], (startedAt - this.#lookedAt + overlapMs) / 1_000)
      this.#lookedAt = startedAt
      this.#tell(payments)
    } catch (cause) {
      this.#onFailure(cause)
    }
    this.#lookAgain()
  }

  #tell(payments: readonly Payment[]): void {
    for (const payment of payments) {
      if (this.#told.has(payment.id)) continue
      for (const listener of this.#listeners.get(payment.shop) ?? []) listener(payment)
    }
    this.#told = new Set(payments.map(({ id }) => id))
  }
}
