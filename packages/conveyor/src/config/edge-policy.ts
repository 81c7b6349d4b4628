// `edge:` of conveyor.yml. What is left out of timeouts and limits is for the edge to choose: its settings have the defaults, and
// wiring/policies.ts leads from these keys to them. Called by config.ts.
import { z } from "zod"
import { edgeTls } from "./edge-tls.ts"
import { durationBetween, listener, network, oneOf, size, sizeBetween, timeLimit, wholeNumber } from "./words.ts"

const timeouts = z.strictObject({
  connect: timeLimit.optional(),
  answer: timeLimit.optional(),
  head: timeLimit.optional(),
  body_window: timeLimit.optional(),
  stalled_client: timeLimit.optional(),
  idle_client: timeLimit.optional(),
  // Common servers close after 5 s what they have kept open: the edge lets go first.
  idle_copy: durationBetween("1ms", "4s").optional(),
  spool_after: timeLimit.optional(),
  heartbeat: timeLimit.optional(),
  drain: timeLimit.optional(),
  cut_grace: timeLimit.optional(),
})

const many = wholeNumber(1, 10_000_000)

const limits = z.strictObject({
  body: size.optional(),
  head: sizeBetween("1KB", "1MB").optional(),
  headers: wholeNumber(16, 10_000).optional(),
  answer_head: sizeBetween("1KB", "16MB").optional(),
  body_per_second: sizeBetween("0B", "1GB").optional(),
  spool: sizeBetween("0B", "1024TB").optional(),
  connections: many.optional(),
  connections_per_client: many.optional(),
  new_connections_per_second: many.optional(),
  requests: many.optional(),
  requests_per_client: many.optional(),
  http2_streams: wholeNumber(1, 10_000).optional(),
  streams: many.optional(),
  streams_per_client: many.optional(),
})

export const edge = z.strictObject({
  listen: listener.default("127.0.0.1:8080"),
  trusted_proxies: z.array(network, "a list of addresses or networks, such as [10.0.0.0/8]").default([]),
  proxy_protocol: z.boolean().default(false),
  tls: edgeTls.optional(),
  unknown_host: oneOf("misdirected", "not-found").default("misdirected"),
  timeouts: timeouts.prefault({}),
  limits: limits.prefault({}),
})
