// The port to the HTTP proxy in front of all copies. Called by the release steps, which build routing tables;
// an adapter makes them true. Glossary: a *generation* is one routing table, numbered; a *page* is one document
// load in a browser, pinned to its version; a *notice* is what a page of an old version is told.

export interface Target {
  /** The copy's id. */
  copy: string
  host: string
  port: number
}

/** A page of an old version is told to reload, and reloads by itself at a random moment before `reloadBy`. */
export interface Notice {
  /** Milliseconds since the Unix epoch. */
  announcedAt: number
  reloadBy: number
}

export interface RoutedVersion {
  release: string
  /** By service. A service missing here is served by the current version. */
  targets: Readonly<Record<string, readonly Target[]>>
  notice?: Notice
}

export interface Route {
  /**
   * A path prefix that ends at a segment's end: "/api/v1/payments" takes "/api/v1/payments/7", not "/api/v1/payments2".
   * A segment "*" takes any one that is not empty.
   */
  prefix: string
  service: string
}

/** One whole routing table. Replacing it is the only way to change what the edge does. */
export interface RoutingTable {
  generation: number
  /** The version of new pages, and of requests that name no version or one that is no longer routed. */
  current: string
  /** The one with the most segments wins; of equals, the first that names a segment where the other has a "*". */
  routes: readonly Route[]
  versions: Readonly<Record<string, RoutedVersion>>
  /** While set, a safe request (GET, HEAD) that `from` answers with a 5xx is asked again of `to`, and counted against `from`. */
  rescue?: { from: string; to: string }
}

/** Counters since the edge first ran; they survive its restarts and every release. Two observations are compared by difference. */
export interface VersionCounters {
  /** Requests that were answered by the version, or failed on it. */
  requests: number
  /** 5xx answers of the version itself, whether rescued or not. */
  serverErrors: number
  /** Requests for which no copy of the version could be reached, or that broke off half-way. */
  unreachable: number
  /** Of the failures above, those whose request another version answered instead. */
  rescued: number
  /** Answer times: counts per bucket of `latencyBoundsMs`, one more bucket for what is slower than the last bound. */
  latency: readonly number[]
}

export interface VersionLoad {
  /** Requests, WebSockets and event streams under way now. */
  inFlight: number
  /** Pages that hold a notice channel open now. */
  pages: number
  /** Pages that were told the notice, and those of them that came back on the current version; ever-growing. */
  pagesTold: number
  pagesReloaded: number
  counters: VersionCounters
}

export interface EdgeObservation {
  /** Undefined until the first table arrives. */
  table: RoutingTable | undefined
  versions: Readonly<Record<string, VersionLoad>>
}

export interface Edge {
  /**
   * Resolves when every edge process has the table on disk and in use: from then on no new request uses an older one.
   * Applying the table in use again is acknowledged.
   * @throws ConveyorError "stale-generation" where the edge has a newer generation, or a different table of the same number.
   */
  apply(table: RoutingTable, signal: AbortSignal): Promise<void>
  observe(signal: AbortSignal): Promise<EdgeObservation>
}

/** Upper bounds of the latency buckets in ms: 1 to about 60,000, each 1.25 times the one before. */
export const latencyBoundsMs: readonly number[] = Array.from({ length: 50 }, (_, i) => Math.round(1.25 ** i * 100) / 100)
