// What two versions do with the same requests at the same time, by route and by client: the evidence that a new version is
// judged by. Bounded whatever clients send: routes are the table's, clients are 64 hashes of addresses. Called by the
// exchange for each request, and by its shadow; observed by the admin API.
import type { Comparison, ComparisonCell, RoutingTable, Tally } from "../../edge.ts"
import { isMuchSlower } from "../../edge.ts"
import { clientBucket } from "./client-bucket.ts"

export type Result = "ok" | "failed"

/** A version that does not know a method, or a version of HTTP, has not failed. */
export const resultOf = (status: number): Result => (status >= 500 && status !== 501 && status !== 505 ? "failed" : "ok")

export interface Asked {
  method: string
  /** Where the client is, as well as anybody trusted knows it. */
  address: string
  /** The prefix of its route. */
  route: string
}

export interface Seen {
  result: Result
  ms: number
}

const safeMethods = new Set(["GET", "HEAD"])
const writingMethods = new Set(["POST", "PUT", "PATCH", "DELETE"])
const routesAtMost = 48
const versionsAtMost = 4
const elsewhere = "elsewhere"

/** The older version does again what the newer one does: so much of it, and no more, it is asked to. */
const pairsPerSecond = 20
const pairsAtOnce = 8

export class Comparing {
  #now: () => number
  #pair: { newer: string; older: string } | undefined
  #cells = new Map<string, ComparisonCell>()
  #routes = new Set<string>()
  #before: Readonly<Record<string, Tally>> = {}
  /** By version and route, while nothing is compared. */
  #records = new Map<string, Map<string, Tally>>()
  #shadows = new Set<{ cancel: () => void }>()
  #underWay = 0
  #allowance = pairsPerSecond
  #allowedAt = 0

  constructor(now: () => number) {
    this.#now = now
  }

  follow({ compare }: RoutingTable): void {
    if (compare?.newer === this.#pair?.newer && compare?.older === this.#pair?.older) return
    this.#pair = compare
    // What is still asked for a comparison that is over holds up the end of the older version.
    for (const shadow of this.#shadows) shadow.cancel()
    this.#cells.clear()
    this.#routes.clear()
    this.#before = Object.fromEntries(this.#records.get(compare?.older ?? "") ?? [])
  }

  observe(): Comparison | undefined {
    return this.#pair === undefined ? undefined : { ...this.#pair, cells: [...this.#cells.values()], before: this.#before }
  }

  /** The version to ask the same of, where this request is one of those that both are asked. Who is given one gives it back by `pairOver`. */
  takePair(version: string, method: string): string | undefined {
    if (this.#pair?.newer !== version || !safeMethods.has(method)) return undefined
    const now = this.#now()
    this.#allowance = Math.min(pairsPerSecond, this.#allowance + (Math.max(0, now - this.#allowedAt) / 1_000) * pairsPerSecond)
    this.#allowedAt = now
    if (this.#allowance < 1 || this.#underWay >= pairsAtOnce) return undefined
    this.#allowance--
    this.#underWay++
    return this.#pair.older
  }

  pairBegun(shadow: { cancel: () => void }): void {
    this.#shadows.add(shadow)
  }

  pairOver(shadow?: { cancel: () => void }): void {
    this.#underWay--
    if (shadow !== undefined) this.#shadows.delete(shadow)
  }

  /** Whether pairs speak for requests like this one, so that it need not be counted by itself. */
  isSampled(version: string, method: string): boolean {
    return this.#pair?.newer === version && safeMethods.has(method)
  }

  /** A request that one version alone was asked. Methods that versions seldom know are no evidence. */
  saw(version: string, asked: Asked, result: Result): void {
    if (!safeMethods.has(asked.method) && !writingMethods.has(asked.method)) return
    if (this.#pair === undefined) return this.#record(version, asked, result)
    if (version !== this.#pair.newer && version !== this.#pair.older) return
    const cell = this.#cellOf(asked)
    count(version === this.#pair.newer ? cell.newer : cell.older, result)
  }

  sawPair(asked: Asked, newer: Seen, older: Seen): void {
    if (this.#pair === undefined) return
    const cell = this.#cellOf(asked)
    cell.pairs++
    if (newer.result === "failed" && older.result === "failed") cell.both++
    else if (newer.result === "failed") cell.onlyNewer++
    else if (older.result === "failed") cell.onlyOlder++
    else if (isMuchSlower(newer.ms, older.ms)) cell.newerSlower++
    else if (isMuchSlower(older.ms, newer.ms)) cell.olderSlower++
  }

  #record(version: string, asked: Asked, result: Result): void {
    let routes = this.#records.get(version)
    if (routes === undefined) {
      this.#records.set(version, (routes = new Map()))
      for (const oldest of this.#records.keys()) {
        if (this.#records.size <= versionsAtMost) break
        this.#records.delete(oldest)
      }
    }
    const name = nameOf(asked)
    const key = routes.has(name) || routes.size < routesAtMost ? name : elsewhere
    let tally = routes.get(key)
    if (tally === undefined) routes.set(key, (tally = { requests: 0, failed: 0 }))
    count(tally, result)
  }

  #cellOf(asked: Asked): Mutable<ComparisonCell> {
    const name = nameOf(asked)
    const route = this.#routes.has(name) || this.#routes.size < routesAtMost ? name : elsewhere
    this.#routes.add(route)
    const client = clientBucket(asked.address)
    const key = `${client} ${route}`
    const known = this.#cells.get(key)
    if (known !== undefined) return known
    const cell = emptyCell(route, client)
    this.#cells.set(key, cell)
    return cell
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const nameOf = ({ method, route }: Asked) => `${safeMethods.has(method) ? "reads of" : "writes to"} ${route}`

function count(tally: Tally, result: Result): void {
  tally.requests++
  if (result === "failed") tally.failed++
}

const emptyCell = (route: string, client: number): ComparisonCell => ({
  route,
  client,
  pairs: 0,
  onlyNewer: 0,
  onlyOlder: 0,
  both: 0,
  newerSlower: 0,
  olderSlower: 0,
  newer: { requests: 0, failed: 0 },
  older: { requests: 0, failed: 0 },
})
