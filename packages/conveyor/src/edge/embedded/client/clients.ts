// What each client has under way, and how much of it one may have: connections, new ones a second, requests, lasting
// streams. The fuller the edge, the less a single client may have, so that it is the greedy one who hears "not now".
// Asked by the listener, the exchange and whatever opens a lasting stream.
import type { EdgeSettings } from "../settings.ts"

export type ClientLimits = Pick<
  EdgeSettings,
  | "connectionsPerClient"
  | "newConnectionsPerSecond"
  | "requestsPerClient"
  | "streamsPerClient"
  | "maxRequestsInFlight"
  | "maxConnections"
  | "maxStreams"
>

/** Gives back what was taken; only the first call counts. */
export type Release = () => void

export type Refused = "tooManyAtOnce" | "overloaded"

interface Client {
  connections: number
  requests: number
  streams: number
  /** New connections that it may open now, as of `countedAt`. */
  allowance: number
  countedAt: number
}

/** Of its requests a client keeps so many, however full the edge is. */
const requestsAtLeast = 8
const secondsOfAllowance = 3

export class Clients {
  #limits: ClientLimits
  #now: () => number
  #clients = new Map<string, Client>()
  #requests = 0
  #streams = 0

  /** `now` in ms. */
  constructor(limits: ClientLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** Undefined where this client has too many, or opens them too fast. */
  connect(address: string): Release | undefined {
    const client = this.#of(address)
    if (client.connections >= this.#limits.connectionsPerClient || !this.#mayOpen(client)) return undefined
    client.connections++
    return once(() => client.connections--)
  }

  request(address: string): Release | Refused {
    const { requestsPerClient, maxRequestsInFlight } = this.#limits
    const client = this.#of(address)
    if (this.#requests >= maxRequestsInFlight) return "overloaded"
    if (client.requests >= shareOf(requestsPerClient, this.#requests / maxRequestsInFlight)) return "tooManyAtOnce"
    client.requests++
    this.#requests++
    return once(() => {
      client.requests--
      this.#requests--
    })
  }

  /** A WebSocket, an event stream or a notice channel. */
  stream(address: string): Release | Refused {
    const { streamsPerClient, maxStreams } = this.#limits
    const client = this.#of(address)
    if (this.#streams >= maxStreams) return "overloaded"
    if (client.streams >= streamsPerClient) return "tooManyAtOnce"
    client.streams++
    this.#streams++
    return once(() => {
      client.streams--
      this.#streams--
    })
  }

  /** Forgets clients that have nothing under way; what they opened lately is old by then. */
  sweep(): void {
    const now = this.#now()
    for (const [key, client] of this.#clients) {
      const isBusy = client.connections + client.requests + client.streams > 0
      if (!isBusy && now - client.countedAt > 1_000 * secondsOfAllowance) this.#clients.delete(key)
    }
  }

  get known(): number {
    return this.#clients.size
  }

  #of(address: string): Client {
    const key = keyOf(address)
    const known = this.#clients.get(key)
    if (known !== undefined) return known
    const allowance = this.#limits.newConnectionsPerSecond * secondsOfAllowance
    const client = { connections: 0, requests: 0, streams: 0, allowance, countedAt: this.#now() }
    this.#clients.set(key, client)
    return client
  }

  #mayOpen(client: Client): boolean {
    const [now, rate] = [this.#now(), this.#limits.newConnectionsPerSecond]
    client.allowance = Math.min(rate * secondsOfAllowance, client.allowance + (rate * (now - client.countedAt)) / 1_000)
    client.countedAt = now
    if (client.allowance < 1) return false
    client.allowance--
    return true
  }
}

/** Whole up to half of what the edge carries; from there on less and less. */
function shareOf(limit: number, fullness: number): number {
  return fullness <= 0.5 ? limit : Math.max(requestsAtLeast, limit * 2 * (1 - fullness))
}

/** One household has a whole /64 of IPv6 to itself. */
export function keyOf(address: string): string {
  if (address.startsWith("::ffff:") && address.includes(".")) return address.slice(7)
  if (!address.includes(":")) return address
  const [head = "", tail] = address.split("::")
  const groups = head === "" ? [] : head.split(":")
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").filter((group) => group !== "").length
  return [...groups, ...Array.from({ length: missing }, () => "0"), ...(tail ?? "").split(":")].slice(0, 4).join(":")
}

function once(act: () => void): Release {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    act()
  }
}
