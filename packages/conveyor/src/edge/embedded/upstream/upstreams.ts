// Connections to copies, kept between requests, and one question over one of them. Called by the exchange and the upgrade,
// which decide by the outcome whether to ask again; nothing is retried here. HTTP is spoken by the edge's own hand: Node's
// client takes half as much CPU again for a request; undici's sends no trailers and no "Expect", and takes no "100 Continue".
import type { RoutingTable, Target } from "../../edge.ts"
import type { EdgeSettings } from "../settings.ts"
import type { Asking, Question } from "./asking.ts"
import { Connection } from "./connection.ts"

const freeAtMost = 1_024
/** No server lets go of idle connections as soon as this. */
const surelyOpenMs = 100

export class Upstreams {
  #pools = new Map<string, Pool>()
  #settings: EdgeSettings

  constructor(settings: EdgeSettings) {
    this.#settings = settings
  }

  /** Lets go of idle connections to copies that the table no longer names, so that nothing holds up their end. */
  follow(table: RoutingTable): void {
    const targets = Object.values(table.versions).flatMap((version) => Object.values(version.targets).flat())
    const named = new Set(targets.map(addressOf))
    for (const [address, pool] of this.#pools) {
      if (named.has(address)) continue
      this.#pools.delete(address)
      pool.retire()
    }
  }

  /**
   * A copy may close a kept connection in the moment in which it is asked. "surely-open" is one that was in use a moment ago,
   * or a fresh one: for what cannot be asked twice.
   */
  ask(target: Target, question: Question, connection: "pooled" | "surely-open" | "fresh"): Asking {
    const pool = this.#poolOf(target)
    const free = connection === "fresh" ? undefined : pool.takeFree(connection === "pooled" ? Infinity : surelyOpenMs)
    return (free ?? pool.open(target, this.#settings)).ask(question)
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close()
  }

  #poolOf(target: Target): Pool {
    const address = addressOf(target)
    const known = this.#pools.get(address)
    if (known !== undefined) return known
    const pool = new Pool()
    this.#pools.set(address, pool)
    return pool
  }
}

const addressOf = ({ host, port }: Target) => `${host}:${port}`

/** The connections to one copy. The one used last is used next, so that those too many are idle for long and go. */
class Pool {
  #all = new Set<Connection>()
  #free: Connection[] = []
  #freeAtMost = freeAtMost

  takeFree(idleAtMostMs: number): Connection | undefined {
    for (;;) {
      const connection = this.#free.at(-1)
      // The others have been idle for longer still.
      if (connection === undefined || (idleAtMostMs !== Infinity && connection.idleMs > idleAtMostMs)) return undefined
      this.#free.pop()
      if (connection.isUsable) return connection
    }
  }

  open(target: Target, settings: EdgeSettings): Connection {
    const connection = new Connection(target, settings, {
      free: (one) => {
        if (this.#free.length < this.#freeAtMost) this.#free.push(one)
        else one.close()
      },
      gone: (one) => {
        this.#all.delete(one)
        const at = this.#free.indexOf(one)
        if (at >= 0) this.#free.splice(at, 1)
      },
    })
    this.#all.add(connection)
    return connection
  }

  /** Connections in use end with what they carry. */
  retire(): void {
    this.#freeAtMost = 0
    for (const connection of this.#free.splice(0)) connection.close()
  }

  close(): void {
    for (const connection of this.#all) connection.close()
  }
}
