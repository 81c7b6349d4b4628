// The port to the HTTP proxies in front of all copies: a set of members, each of which acknowledges. Called by the release
// steps, which build routing tables; an adapter makes them true. Glossary: a *generation* is one routing table, numbered
// within an *epoch*; a *page* is one document load in a browser, pinned to its version; a *notice* is what a page of an
// old version is told.

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
   * Of whom the request asks: "shop.example.org", or "*.example.org" for any one label before it; in small letters, without a
   * port. Where it is missing the route is for every host.
   */
  host?: string
  /**
   * A path prefix that ends at a segment's end: "/api/v1/payments" takes "/api/v1/payments/7", not "/api/v1/payments2".
   * A segment "*" takes any one that is not empty.
   */
  prefix: string
  service: string
}

/**
 * One whole routing table. Replacing it is the only way to change what an edge does. Tables follow one another by epoch,
 * and within an epoch by generation.
 */
export interface RoutingTable {
  /** The fence of the control plane that made it: one that was superseded cannot route any more. */
  epoch: number
  generation: number
  /** The version of new pages, and of requests that name no version or one that is no longer routed. */
  current: string
  /**
   * Those of the very host come first, then those of a "*." that it fits, then those of every host. Among these the one with the
   * most segments wins; of equals, the first that names a segment where the other has a "*".
   */
  routes: readonly Route[]
  versions: Readonly<Record<string, RoutedVersion>>
  /** While set, a safe request (GET, HEAD) that `from` answers with a 5xx is asked again of `to`, and counted against `from`. */
  rescue?: { from: string; to: string }
  /**
   * While set, some of the safe requests that `newer` is asked are asked of `older` at the same moment, whose answer nobody
   * sees: what the two did is the comparison below. A version's comparison begins anew with each pair named here.
   */
  compare?: { newer: string; older: string }
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
  /** Requests that the edge cut off, since their version was to be gone by then, or since it ended itself. */
  cut: number
  /** Answer times: counts per bucket of `latencyBoundsMs`, one more bucket for what is slower than the last bound. */
  latency: readonly number[]
  /** Requests that are evidence, and those of them that failed, by client: 64 hashes of addresses, as in a comparison. */
  askedBy: readonly number[]
  failedBy: readonly number[]
}

/** What is under way on a version now, and what became of its requests so far. */
export interface VersionTraffic {
  /** Requests, WebSockets and event streams under way now. */
  inFlight: number
  counters: VersionCounters
}

export interface VersionPages {
  /** Pages that hold a notice channel open now. */
  open: number
  /** Pages that were told the notice, and those of them that came back on the current version; ever-growing. */
  told: number
  reloaded: number
}

/**
 * What a proxy can do beyond routing: "rescue" asks another version for what the new one failed, "pages" knows which pages
 * are open and tells them notices. Where one lacks "pages", nobody knows who still looks at an old version. "compare" asks the older version what the
 * newer one is asked.
 */
export type EdgeCapability = "rescue" | "pages" | "compare"

/** One proxy. An adapter makes it; the set is what the release layer speaks to. */
export interface EdgeMember {
  /** As people know it, and as it is named where it does not answer. */
  readonly name: string
  /** @throws ConveyorError "edge-protocol" where the two do not understand each other, naming both. */
  capabilities(signal: AbortSignal): Promise<readonly EdgeCapability[]>
  /**
   * Resolves when the table is on disk and in use: from then on no new request uses an older one. The table in use again is
   * acknowledged again.
   * @throws ConveyorError "stale-epoch", "stale-generation" where the proxy has a newer table, or another of the same number;
   * "edge-unreachable" where it does not answer.
   */
  apply(table: RoutingTable, signal: AbortSignal): Promise<void>
  /** Undefined until the first table arrives. */
  table(signal: AbortSignal): Promise<RoutingTable | undefined>
  traffic(signal: AbortSignal): Promise<Readonly<Record<string, VersionTraffic>>>
  pages(signal: AbortSignal): Promise<Readonly<Record<string, VersionPages>>>
  comparison(signal: AbortSignal): Promise<Comparison | undefined>
  /** None where it speaks no TLS. "read-anew" looks first whether their files have changed. */
  certificates(how: "as-they-are" | "read-anew", signal: AbortSignal): Promise<readonly Certificate[]>
}

export interface Certificate {
  /** Names that it is for; "*." stands for any one label. */
  hosts: readonly string[]
  /** In ms since the Unix epoch. */
  notAfter: number
  /** The file that it comes from. */
  source: string
  /** Why what lies there now is not what is used. */
  problem?: string
}

export interface Tally {
  requests: number
  /** Answers of 500 and above, but 501 and 505, and no answer at all. What the client or the edge broke off is none. */
  failed: number
}

/** What the clients of one hashed address got on one route. What a client sends says neither. */
export interface ComparisonCell {
  /** "reads of /api/v1/orders", or "writes to" it. */
  route: string
  /** Clients are told apart by 64 hashes of their addresses, of IPv6 by its first 64 bits. */
  client: number
  /** Requests that both versions were asked at the same moment, and which of the two failed. */
  pairs: number
  onlyNewer: number
  onlyOlder: number
  both: number
  /** Pairs that both answered well, one of them so much slower than the other that a person would notice. */
  newerSlower: number
  olderSlower: number
  /** Requests that can be asked of one version only. */
  newer: Tally
  older: Tally
}

export interface Comparison {
  newer: string
  older: string
  cells: readonly ComparisonCell[]
  /** What the older version did by route before the comparison began. */
  before: Readonly<Record<string, Tally>>
}

/** The comparison that the members are making: undefined while the table in use names none. */
export interface ComparisonObservation {
  comparison: Comparison | undefined
  silent: readonly SilentMember[]
}

/** A member that did not answer, and why. What it knows is unknown, and never read as zero. */
export interface SilentMember {
  member: string
  reason: string
}

export type MemberTable =
  | { member: string; state: "in-use" }
  /** It answers, and routes by an older table, or by none. */
  | { member: string; state: "behind"; epoch: number | undefined; generation: number | undefined }
  | ({ state: "silent" } & SilentMember)

export interface RoutingObservation {
  /** The newest table that any member has in use; undefined until the first arrives. */
  table: RoutingTable | undefined
  members: readonly MemberTable[]
}

/** Sums over the members that answered; `silent` are the others. */
export interface Sums<T> {
  versions: Readonly<Record<string, T>>
  silent: readonly SilentMember[]
}

export interface EdgeRouting {
  /** What every member can do. */
  capabilities(signal: AbortSignal): Promise<readonly EdgeCapability[]>
  /**
   * Resolves when every member has acknowledged the table.
   * @throws ConveyorError "edge-unacknowledged" that names each member which did not, and why; "stale-epoch" and
   * "stale-generation" where one has a newer table.
   */
  apply(table: RoutingTable, signal: AbortSignal): Promise<void>
  /** @throws ConveyorError "edge-unreachable" where no member answers. */
  observe(signal: AbortSignal): Promise<RoutingObservation>
}

export interface EdgeMetering {
  /** @throws ConveyorError "edge-unreachable" where no member answers. */
  observe(signal: AbortSignal): Promise<Sums<VersionTraffic>>
  /** @throws ConveyorError "edge-unreachable" where no member answers. */
  comparison(signal: AbortSignal): Promise<ComparisonObservation>
}

export interface EdgePages {
  /** @throws ConveyorError "edge-unreachable" where no member answers. */
  observe(signal: AbortSignal): Promise<Sums<VersionPages>>
}

export interface EdgeTls {
  /** Of every member that answers. @throws ConveyorError "edge-unreachable" where no member answers. */
  certificates(
    how: "as-they-are" | "read-anew",
    signal: AbortSignal,
  ): Promise<{ certificates: readonly (Certificate & { member: string })[]; silent: readonly SilentMember[] }>
}

/** All proxies together, in four parts: who gets what, what came of it, who looks at it, and by which certificates. */
export interface Edge {
  readonly routing: EdgeRouting
  readonly metering: EdgeMetering
  readonly pages: EdgePages
  readonly tls: EdgeTls
}

/** So many clients are told apart. */
export const clientBuckets = 64

/** What was counted where nothing was. */
export const noCounters: VersionCounters = {
  requests: 0,
  serverErrors: 0,
  unreachable: 0,
  rescued: 0,
  cut: 0,
  latency: [],
  askedBy: [],
  failedBy: [],
}

/** Upper bounds of the latency buckets in ms: 1 to about 60,000, each 1.25 times the one before. */
export const latencyBoundsMs: readonly number[] = Array.from({ length: 50 }, (_, i) => Math.round(1.25 ** i * 100) / 100)

/** So much slower that a person would notice, and no noise of a few ms. */
export const isMuchSlower = (ms: number, thanMs: number): boolean => ms > 3 * thanMs && ms > thanMs + 100
