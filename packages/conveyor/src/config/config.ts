// conveyor.yml as the program sees it: complete, in milliseconds, with every default filled in.
// Made by load-config.ts; read by everything above the middle layers.
import { z } from "zod"
import { fleetsOf, objectionsToFleets } from "./fleets.ts"
import { hours, milliseconds, minutes, parseDuration, seconds } from "../kernel/duration.ts"

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  context.addIssue({ code: "custom", message: `"${text}" is not a duration; write one such as 250ms, 15s, 15m or 1h30m` })
  return z.NEVER
})

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, "a name starts with a letter and has only small letters, digits and dashes")

const command = z.string("a command line is missing").min(1, "a command line is missing")

const path = z.string().regex(/^\/([^\s?#]*[^\s?#/])?$/, 'a path starts with "/" and does not end with one, such as / or /api/v1/payments')

const route = path.regex(/^(\/(\*|[^*/]*))+$/, 'a "*" stands for one whole segment of the path, as in /api/v1/orders/*/payments')

const service = z.strictObject({
  start: command,
  routes: z.array(route).min(1, "name at least one path that the service answers, such as [/]"),
  copies: z.int().min(1).max(100).default(1),
})

const listen = z.string().regex(/^[\w.:[\]-]+:\d+$/, "write host:port, such as 127.0.0.1:8080, or 0.0.0.0:80 for every network")
const loopback = /^(127(?:\.\d{1,3}){3}|localhost|\[::1\])$/

/** host:port, or host:from-to. The token is in every request, and nothing hides it on a network. */
const controlListen = z.string().transform((text, context) => {
  const [, host = "", first, last = first] = /^(\S+):(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const [from, to] = [Number(first), Number(last)]
  const objection = !Number.isInteger(from)
    ? `"${text}" is no address; write host:port, such as 127.0.0.1:7300, or several ports, such as 127.0.0.1:7300-7399`
    : !loopback.test(host)
      ? `${host} can be reached from other machines, and the control plane speaks without TLS; write 127.0.0.1, and put what ends your TLS in front`
      : from > to || to > 65_535
        ? `"${text}" names no ports; they are from 1 to 65535, the lower first`
        : undefined
  if (objection === undefined) return { host: host === "[::1]" ? "::1" : host, ports: { from, to } }
  context.addIssue({ code: "custom", message: objection })
  return z.NEVER
})

const network = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], "write an address or a network, such as 10.0.0.0/8")

const bake = z
  .strictObject({
    for: duration.default(minutes(2)),
    at_least: z.int().min(0).default(100),
    at_most: duration.default(minutes(10)),
    rescue: z.enum(["safe-requests", "off"]).default("safe-requests"),
    compare: z.enum(["safe-requests", "off"]).default("safe-requests"),
    when_quiet: z.enum(["hold", "synthetic", "promote_after"]).default("hold"),
    synthetic: z
      .array(z.string().regex(/^\/\S*$/, 'a path starts with "/", and may have a query'))
      .max(20)
      .default([]),
    hold: duration.default(hours(1)),
  })
  .refine((value) => value.when_quiet !== "synthetic" || value.synthetic.length > 0, {
    path: ["synthetic"],
    message: "name at least one path to ask of both versions, such as [/], or leave `when_quiet: synthetic` out",
  })
  .refine((value) => value.at_most >= value.for, { path: ["at_most"], message: "has to be at least as long as `for`" })

const releasePolicy = z.strictObject({
  start_within: duration.default(seconds(60)),
  bake: bake.prefault({}),
  notice: duration.default(minutes(15)),
  rollback_window: duration.default(hours(24)),
  stop_grace: duration.default(seconds(30)),
})

const hoursOfDay = z.string().transform((text, context): [string, string] => {
  const [, from, to] = /^([01]\d:[0-5]\d|2[0-3]:[0-5]\d)-([01]\d:[0-5]\d|2[0-3]:[0-5]\d)$/.exec(text) ?? []
  if (from !== undefined && to !== undefined) return [from, to]
  context.addIssue({ code: "custom", message: `"${text}" are no hours; write them as 20:00-06:00` })
  return z.NEVER
})

const backfillPolicy = z.strictObject({
  batch: duration.default(milliseconds(250)),
  duty: z.number().gt(0).max(1).default(0.8),
  latency: duration.default(milliseconds(500)),
  window: hoursOfDay.optional(),
})

const contractPolicy = z.strictObject({
  observe: duration.default(seconds(10)),
  soft_drop: duration.default(seconds(10)),
  replicas: z.enum(["hold", "trust"]).default("hold"),
})

const timeouts = z.strictObject({
  build: duration.default(minutes(30)),
  test: duration.default(minutes(30)),
})

const fleet = z.strictObject({
  changes: z.string().min(1).optional(),
  shards: z.record(name, z.string()).refine((all) => Object.keys(all).length > 0, "name at least one shard and its URL"),
  backfill: backfillPolicy.prefault({}),
  contract: contractPolicy.prefault({}),
})

export interface FleetConfig extends z.infer<typeof fleet> {
  changes: string
}

const keys = z.strictObject({
  name,
  build: command.optional(),
  test: command.optional(),
  services: z.record(name, service).refine((all) => Object.keys(all).length > 0, "name at least one service"),
  environment: z.record(z.string().regex(/^[A-Za-z_]\w*$/, "not a name of an environment variable"), z.coerce.string()).default({}),
  status: z.strictObject({ path: path.default("/api/v1/status"), client: z.coerce.string().default("conveyor") }).prefault({}),
  fleet: fleet.extend({ changes: z.string().default("changes") }).optional(),
  fleets: z
    .record(name, fleet)
    .refine((all) => Object.keys(all).length > 0, "name at least one fleet")
    .optional(),
  edge: z
    .strictObject({
      listen: listen.default("127.0.0.1:8080"),
      trusted_proxies: z.array(network).default([]),
      proxy_protocol: z.boolean().default(false),
    })
    .prefault({}),
  control: z.strictObject({ listen: controlListen.default({ host: "127.0.0.1", ports: { from: 7_300, to: 7_399 } }) }).prefault({}),
  release: releasePolicy.prefault({}),
  timeouts: timeouts.prefault({}),
})

export const configSchema = keys.superRefine((config, context) => {
  if (config.fleet !== undefined && config.fleets !== undefined) {
    context.addIssue({ code: "custom", path: ["fleets"], message: "there is `fleet` too, which is short for one; name that one here" })
  }
  for (const { path, message } of objectionsToFleets(fleetsOf(config)))
    context.addIssue({ code: "custom", path: ["fleets", ...path], message })
})

export type Config = z.infer<typeof keys>
