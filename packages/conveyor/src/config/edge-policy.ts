// `edge:` of conveyor.yml. What is left out of timeouts and limits is for the edge to choose: its settings have the defaults, and
// wiring/policies.ts leads from these keys to them. Called by config.ts.
import { z } from "zod"
import { duration, listener, network, size, wholeNumber } from "./words.ts"

const timeouts = z.strictObject({
  connect: duration.optional(),
  answer: duration.optional(),
  head: duration.optional(),
  body_window: duration.optional(),
  stalled_client: duration.optional(),
  idle_client: duration.optional(),
  drain: duration.optional(),
  cut_grace: duration.optional(),
})

const many = wholeNumber(1, 10_000_000)

const limits = z.strictObject({
  body: size.optional(),
  head: size.optional(),
  headers: wholeNumber(16, 10_000).optional(),
  answer_head: size.optional(),
  body_per_second: size.optional(),
  connections: many.optional(),
  connections_per_client: many.optional(),
  new_connections_per_second: many.optional(),
  requests: many.optional(),
  requests_per_client: many.optional(),
  streams: many.optional(),
  streams_per_client: many.optional(),
})

export const edge = z.strictObject({
  listen: listener.default("127.0.0.1:8080"),
  trusted_proxies: z.array(network, "a list of addresses or networks, such as [10.0.0.0/8]").default([]),
  proxy_protocol: z.boolean().default(false),
  timeouts: timeouts.prefault({}),
  limits: limits.prefault({}),
})
