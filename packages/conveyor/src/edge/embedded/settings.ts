// What an operator may tune about the embedded edge, with the defaults. Read by the edge process from its command
// line, and by the launcher, which passes it on.
import { z } from "zod"
import { tlsSettings } from "./tls/tls-settings.ts"

const ms = z.int().positive()

export const edgeSettings = z.strictObject({
  /** A copy that does not take a connection within this is tried no longer. */
  connectTimeoutMs: ms.default(2_000),
  /** From the request's last byte to the answer's head. */
  answerTimeoutMs: ms.default(60_000),
  /** Node closes an idle connection after 5 s: a request must never meet that closing, so the edge lets go first. */
  upstreamIdleMs: ms.max(4_000).default(4_000),
  /** From a request's first byte to the end of its head. */
  headersTimeoutMs: ms.default(10_000),
  /** A body is judged by its progress, not by the time that it takes: in each window that the edge waits for it, so many bytes a second have to come. */
  bodyWindowMs: ms.default(30_000),
  bodyBytesPerSecond: z.int().min(0).default(64),
  /** A client that takes nothing of a waiting answer for this long is cut off: it would hold up the end of a version for ever. */
  stalledClientMs: ms.default(60_000),
  /** A copy waits so long for one client, all its waits together; then the answer goes to disk, and the copy is free. */
  spoolAfterMs: ms.default(1_000),
  /** On disk for all clients together; beyond it copies wait. 0 spools nothing. */
  spoolBytes: z.int().min(0).default(1_073_741_824),
  /** A client that has closed its side still gets what comes without such a pause: the other side may be closed as well. */
  halfClosedMs: ms.default(1_000),
  /** How long a connection that was answered for the last time is read on, so that the client hears the answer. */
  lingerMs: ms.default(2_000),
  clientIdleMs: ms.default(65_000),
  /** Of a request: servers of applications take 16 KB, and what the edge adds comes on top. */
  maxHeaderBytes: z.int().min(1_024).default(15_360),
  maxHeaders: z.int().min(16).default(200),
  /** Of an answer's head. */
  maxAnswerHeadBytes: z.int().min(1_024).default(65_536),
  maxBodyBytes: z.int().positive().default(1_073_741_824),
  maxConnections: z.int().positive().default(20_000),
  /** Of these one client may have so many; a client is an IPv4 address or a /64 of IPv6. */
  connectionsPerClient: z.int().positive().default(2_000),
  newConnectionsPerSecond: z.int().positive().default(1_000),
  requestsPerClient: z.int().positive().default(1_000),
  /** WebSockets, event streams and notice channels; they never take all connections. */
  streamsPerClient: z.int().positive().default(1_000),
  maxStreams: z.int().positive().default(15_000),
  /** Requests under way on one connection of HTTP/2. */
  http2StreamsPerConnection: z.int().positive().default(100),
  /** More than these are answered 503 at once. */
  maxRequestsInFlight: z.int().positive().default(10_000),
  /** Requests of a version that is to be gone are cut off so long after the time by which its pages have reloaded, or after it left the table. */
  cutGraceMs: ms.default(5_000),
  /** A worker that hands over leaves kept connections open for so long: a request may be on its way already. */
  idleGraceMs: ms.default(3_000),
  /** Pages whose channel was cut by the edge's own end count as open for so long: until then, nobody knows that they are not. */
  pagesReturnWithinMs: ms.default(5_000),
  /** How long the edge waits for requests in flight when it is told to stop. */
  drainMs: ms.default(30_000),
  /** Proxies before this edge, by address or network, that are believed what they say of their clients. A client could say anything. */
  trustedProxies: z.array(z.string()).default([]),
  /** Whether those begin each connection with the PROXY protocol, version 1 or 2. */
  proxyProtocol: z.boolean().default(false),
  tls: tlsSettings,
  /** What a client hears that asks for a host for which no route is: that it came to the wrong place (421), or that there is nothing (404). */
  unknownHost: z.enum(["misdirected", "not-found"]).default("misdirected"),
  heartbeatMs: ms.default(15_000),
})

export type EdgeSettings = z.infer<typeof edgeSettings>
