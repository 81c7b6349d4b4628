// From the words of conveyor.yml to the settings of what they tune. What is not said there is not said here: the change
// engine's policy and the edge's settings have the defaults. Called by wiring.ts.
import type { PolicyChoices } from "../change/policy.ts"
import type { Config } from "../config/config.ts"
import type { NamedFleetConfig } from "../config/fleets.ts"
import type { EdgeSettings } from "../edge/embedded/settings.ts"
import { tlsSettings } from "../edge/embedded/tls/tls-settings.ts"
import type { UsersView } from "../release/routing/users-view.ts"

/** `users` is undefined where nobody is to be disturbed: a plan. */
export function changePolicyOf(
  { backfill, throttle, locks, disk, expand, contract, servers }: NamedFleetConfig,
  users?: UsersView,
): PolicyChoices {
  const limitMs = backfill.latency ?? defaultLatencyMs
  return {
    batch: said({
      targetMs: backfill.batch,
      rest: backfill.duty === undefined ? undefined : 1 / backfill.duty - 1,
      largestRows: backfill.at_most_rows,
    }),
    throttle: {
      ...said({ window: backfill.window, longestPauseMs: throttle.longest_pause }),
      ...unlessOff({
        replicaLagMs: throttle.replica_lag,
        replicaLagBytes: throttle.replica_lag_size,
        walBytesPerSecond: throttle.wal_per_second,
        oldestTransactionMs: throttle.oldest_transaction,
        deadRowsPart: throttle.dead_rows,
      }),
      ...(users !== undefined &&
        limitMs !== "off" && { foreground: async (_: string, until: AbortSignal) => ({ p99Ms: await users.p99Ms(until), limitMs }) }),
    },
    lock: said({
      waitMs: locks.wait,
      attempts: locks.attempts,
      statementMs: locks.statement,
      longWaitMs: locks.long_wait,
      longAttempts: locks.long_attempts,
    }),
    disk: said({ freePart: disk.free, unknown: disk.unknown }),
    expand: said({ starReaders: expand.star_readers }),
    contract: {
      ...said({ observeMs: contract.observe, softDropMs: contract.soft_drop, readers: contract.readers, replicas: contract.replicas }),
      ...(users !== undefined && { watch: (until: AbortSignal) => users.complaints(until) }),
    },
    fleet: said({
      expandPerServer: servers.expand_at_once,
      rowsPerServer: servers.rows_at_once,
      waves: servers.waves,
      connectMs: servers.connect,
      attempts: servers.attempts,
    }),
  }
}

/** What users may wait for at the 99th percentile before batches wait for them. */
const defaultLatencyMs = 500

export function edgeSettingsOf({
  trusted_proxies,
  proxy_protocol,
  tls,
  unknown_host,
  timeouts,
  limits,
}: Config["edge"]): Partial<EdgeSettings> {
  return {
    trustedProxies: trusted_proxies,
    proxyProtocol: proxy_protocol,
    tls: tls === undefined ? "off" : tlsSettingsOf(tls),
    unknownHost: unknown_host,
    ...said({
      connectTimeoutMs: timeouts.connect,
      answerTimeoutMs: timeouts.answer,
      headersTimeoutMs: timeouts.head,
      bodyWindowMs: timeouts.body_window,
      stalledClientMs: timeouts.stalled_client,
      clientIdleMs: timeouts.idle_client,
      upstreamIdleMs: timeouts.idle_copy,
      spoolAfterMs: timeouts.spool_after,
      heartbeatMs: timeouts.heartbeat,
      drainMs: timeouts.drain,
      cutGraceMs: timeouts.cut_grace,
      maxBodyBytes: limits.body,
      maxHeaderBytes: limits.head,
      maxHeaders: limits.headers,
      maxAnswerHeadBytes: limits.answer_head,
      bodyBytesPerSecond: limits.body_per_second,
      spoolBytes: limits.spool,
      maxConnections: limits.connections,
      connectionsPerClient: limits.connections_per_client,
      newConnectionsPerSecond: limits.new_connections_per_second,
      maxRequestsInFlight: limits.requests,
      requestsPerClient: limits.requests_per_client,
      http2StreamsPerConnection: limits.http2_streams,
      maxStreams: limits.streams,
      streamsPerClient: limits.streams_per_client,
    }),
  }
}

function tlsSettingsOf({ certificates, minimum, http2, redirect, hsts }: NonNullable<Config["edge"]["tls"]>): EdgeSettings["tls"] {
  return tlsSettings.parse({
    certificates,
    minimumVersion: `TLSv${minimum}`,
    http2: http2 ? "on" : "off",
    redirect,
    hstsSeconds: hsts === "off" ? 0 : Math.ceil(hsts / 1_000),
  })
}

type Said<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without what was left out. */
const said = <T extends object>(choices: T): Said<T> =>
  Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== undefined)) as Said<T>

/** "off" is no limit, which is not the same as not saying one. */
function unlessOff(choices: Readonly<Record<string, number | "off" | undefined>>): Record<string, number | undefined> {
  const chosen = Object.entries(choices).filter(([, value]) => value !== undefined)
  return Object.fromEntries(chosen.map(([key, value]) => [key, value === "off" ? undefined : value]))
}
