// What a user writes to describe traffic: a module whose default export is a `Scenario`. The witness turns it into load;
// nothing here knows the service under load, and only `conveyorDialect` knows a deploy tool.
import type { Chance, Range } from "./chance.ts"

export type { Chance, Range } from "./chance.ts"

export interface Scenario {
  name: string
  /** Single requests, chosen by weight, that arrive by schedule from many independent clients. */
  requests: readonly WeightedRequest[]
  /** Browser-like sessions beside them. */
  page?: PageScenario
  /**
   * Whether an acknowledged write is there, asked when all is over of whatever knows best, such as the database itself. Without it,
   * whether writes were lost is unknown. Where it throws, that one is unknown too.
   */
  lookUp?(write: Acknowledgement, target: URL): Promise<boolean>
  /** How the deploy tool names versions; Conveyor's own words where it is left out. */
  dialect?: Dialect
}

export interface WeightedRequest {
  weight: number
  make(chance: Chance): RequestSpec
}

export interface RequestSpec {
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Path with query, from "/". */
  path: string
  headers?: Readonly<Record<string, string>>
  body?: string | Uint8Array | SlowBody
  /** Statuses that are a success; 200, 201 and 204 where it is left out. */
  expect?: readonly number[]
  /** Throws where the body is not whole or not what was asked for: the answer then counts as truncated. */
  check?(answer: Answer): void
  /** Names the write that this answer promises to keep, so that it can be looked up later. */
  acknowledged?(answer: Answer): Acknowledgement | undefined
}

/** A body that goes out in pieces: the first at once, the last after `overMs`. */
export interface SlowBody {
  pieces: readonly Uint8Array[]
  overMs: number
}

export interface Answer {
  status: number
  /** By lower-case name; repeated headers are joined by ", ". */
  headers: ReadonlyMap<string, string>
  body: Buffer
}

export interface Acknowledgement {
  /** Where the write must be found again, in the words of whoever looks it up: a table, a shard, a bucket. */
  store: string
  key: string
}

export interface PageScenario {
  /** The document's path. The version of its answer is the page's pin. */
  document: string
  /** What the page's script asks for, one after the other with time to think between. */
  calls: readonly WeightedRequest[]
  thinkMs: Range
  /** How long a person keeps the page; until the end of the run where it is left out. */
  lifeMs?: Range
  /** One such stream and one such socket for each twenty pages. */
  eventStream?: StreamSpec
  webSocket?: WebSocketSpec
}

export interface StreamSpec {
  path: string
  /** A stream that gives no byte for so long counts as timed out; 60 s where it is left out. */
  silentForMs?: number
}

export interface WebSocketSpec extends StreamSpec {
  /** What the client says from time to time. */
  say?: { everyMs: number; message(chance: Chance): string }
}

/** The names by which a deploy tool and its pages speak. An empty `versionHeader` never matches: versions are then unknown and unchecked. */
export interface Dialect {
  /** On requests: the version that the page is pinned to. On answers: the version that answered. */
  versionHeader: string
  /** The same on streams and sockets, which cannot set headers in a browser. */
  versionQuery: string
  /** On an answer that another version gave in place of the named, failing one. */
  rescuedHeader: string
  /** The event stream over which a page is told to reload. */
  noticePath?(page: { id: string; version: string; was?: { id: string; version: string } }): string
  /** The id that the proxy gave the page with its document, by the answer's header. */
  pageIdOf?(header: (name: string) => string | undefined): string | undefined
  /** The notice's event name; its data is JSON with `reloadBy` in ms since the Unix epoch. */
  noticeEvent: string
  /** The event with which a stream is closed for a reason. */
  closeEvent: string
}

export const conveyorDialect: Dialect = {
  versionHeader: "x-conveyor-version",
  versionQuery: "x-conveyor-version",
  rescuedHeader: "x-conveyor-rescued",
  noticePath: ({ id, version, was }) =>
    `/.conveyor/events?page=${version}~${id}${was === undefined ? "" : `&was=${was.version}~${was.id}`}`,
  pageIdOf: (header) => /conveyor-page;desc="([^"]*)"/.exec(header("server-timing") ?? "")?.[1],
  noticeEvent: "notice",
  closeEvent: "conveyor-close",
}
