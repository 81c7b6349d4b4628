// The connections of one client (a browser, a point of sale), kept alive and used again as such a client would.
// Called by `perform`; a page has one, and so has each client behind the single requests.
import { Connection } from "./connection.ts"
import type { Owner } from "./connection.ts"

/** A request that may be repeated may also meet a connection that is just closing; one that may not be must not. */
export type Reuse = "any-idle" | "surely-open"

/** How long a server is trusted to keep an idle connection that it has said nothing about. */
const trustedIdleMs = 2_000
/** The server's clock started before ours, by as much as the answer travelled and then waited for us on a busy machine. */
const safetyMs = 1_000

export class Pool {
  readonly #target: URL
  readonly #unasked: Owner["unasked"]
  readonly #connections = new Set<Connection>()
  #idle: Connection[] = []

  /** `unasked` hears of bytes that came for nobody. */
  constructor(target: URL, unasked: Owner["unasked"]) {
    this.#target = target
    this.#unasked = unasked
  }

  take(reuse: Reuse): Connection {
    const index = reuse === "any-idle" ? this.#idle.length - 1 : this.#idle.findLastIndex(surelyOpen)
    const [idle] = index === -1 ? [] : this.#idle.splice(index, 1)
    return idle ?? this.takeFresh()
  }

  takeFresh(): Connection {
    const connection = new Connection(this.#target, { gone: () => this.#forget(connection), unasked: this.#unasked })
    this.#connections.add(connection)
    return connection
  }

  giveBack(connection: Connection): void {
    if (connection.usable) this.#idle.push(connection)
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    this.#idle = this.#idle.filter((other) => other !== connection)
  }
}

const surelyOpen = ({ idleForMs, advertisedIdleMs }: Connection) =>
  idleForMs < (advertisedIdleMs === undefined ? trustedIdleMs : Math.min(advertisedIdleMs - safetyMs, advertisedIdleMs / 2))
