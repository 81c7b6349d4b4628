// Tells listeners what was just paid in a shop, by whichever copy and version took it: the shard is asked each second while someone listens. Called by the event
// stream and by the card terminals' link.
import type { OpenShop } from "@florist/kit/fleet"
import { justRecorded } from "./money-rows.ts"
import type { Payment } from "./payment.ts"

export type Listener = (payment: Payment) => void

interface Log {
  warn(facts: object, message: string): void
}

const everyMs = 1_000
/** A row becomes visible a moment after the time that it carries, so each look goes back a little before the last one. */
const overlapMs = 5_000

export class LatestPayments {
  readonly #log: Log
  readonly #shops = new Map<number, ShopWatch>()
  readonly #atStop = new Set<() => void>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Gives the function that ends it. `onStop` is called if the service ends first. */
  listen(shop: OpenShop, listener: Listener, onStop: () => void): () => void {
    const watch = this.#shops.get(shop.id) ?? this.#begin(shop)
    watch.listeners.add(listener)
    this.#atStop.add(onStop)
    return () => {
      this.#atStop.delete(onStop)
      watch.listeners.delete(listener)
      if (watch.listeners.size > 0) return
      watch.stop()
      if (this.#shops.get(shop.id) === watch) this.#shops.delete(shop.id)
    }
  }

  stop(): void {
    for (const end of this.#atStop) end()
    for (const watch of this.#shops.values()) watch.stop()
  }

  #begin(shop: OpenShop): ShopWatch {
    const watch = new ShopWatch(shop, (cause) =>
      this.#log.warn({ shop: shop.id, shard: shop.shard.name, err: cause }, "latest payments cannot be read"),
    )
    this.#shops.set(shop.id, watch)
    return watch
  }
}

class ShopWatch {
  readonly listeners = new Set<Listener>()
  readonly #shop: OpenShop
  readonly #onFailure: (cause: unknown) => void
  #timer: NodeJS.Timeout | undefined
  #told = new Set<string>()
  #lookedAt = Date.now()
  #isStopped = false

  constructor(shop: OpenShop, onFailure: (cause: unknown) => void) {
    this.#shop = shop
    this.#onFailure = onFailure
    this.#lookAgain()
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
      const payments = await justRecorded(this.#shop, (startedAt - this.#lookedAt + overlapMs) / 1_000)
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
      for (const listener of this.listeners) listener(payment)
    }
    this.#told = new Set(payments.map(({ id }) => id))
  }
}
