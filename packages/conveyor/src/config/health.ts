// `health:` of a service in conveyor.yml: how its copies are asked how they are. Called by config.ts; without it a service with
// routes is asked as `status:` says, and one without is well when it stays up for a while.
import { z } from "zod"
import { seconds } from "../kernel/time/duration.ts"
import type { CodeRange, HealthCheck } from "../kernel/health-check.ts"
import { inPlaceOf } from "../kernel/yaml/wording.ts"
import { command, durationBetween, oneOf, pathWithQuery, text, timeLimit, wholeNumber } from "./words.ts"

const aCode = "a status code from 100 to 599, such as 204, or several, such as 200-299"

/** As 204, or as "200-299". */
const code = z.union([z.number(), z.string()], aCode).transform((value, context): CodeRange => {
  const [, first, last = first] = /^(\d{3})(?:-(\d{3}))?$/.exec(String(value)) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (from >= 100 && from <= to && to <= 599) return { from, to }
  context.addIssue({ code: "custom", message: aCode })
  return z.NEVER
})

const host = text(
  "a host as users write it, such as shop.example or shop.example:8443",
  /^([\w-]+(\.[\w-]+)*|\[[\da-fA-F:]+\])(:\d{1,5})?$/,
)

const usualPace = { timeoutMs: seconds(5), intervalMs: seconds(4), failures: 3 }

const keys = z.strictObject(
  {
    path: pathWithQuery.optional(),
    method: oneOf("GET", "POST").optional(),
    codes: z.array(code, "codes, such as [200, 204] or [200-299]").min(1, "at least one code that means well, such as [200]").optional(),
    host: host.optional(),
    body: oneOf("status", "none").optional(),
    tcp: z.literal(true, "true").optional(),
    command: command.optional(),
    stays_up: timeLimit.optional(),
    timeout: durationBetween("1ms", "1m").default(usualPace.timeoutMs),
    interval: durationBetween("1s", "1h").default(usualPace.intervalMs),
    failures: wholeNumber(1, 100).default(usualPace.failures),
  },
  inPlaceOf("how its copies are asked how they are, such as { path: /healthz }, { tcp: true } or { command: node check.js }"),
)

const ways = ["path", "tcp", "command", "stays_up"] as const
const ofHttpAlone = ["method", "codes", "host", "body"] as const

export const health = keys
  .superRefine((value, context) => {
    const named = ways.filter((way) => value[way] !== undefined)
    if (named.length !== 1) {
      const message = "exactly one way to ask: `path`, `tcp`, `command` or `stays_up`"
      return context.addIssue({ code: "custom", path: named[1] === undefined ? [] : [named[1]], message })
    }
    if (value.path !== undefined) return
    for (const key of ofHttpAlone.filter((each) => value[each] !== undefined)) {
      context.addIssue({ code: "custom", path: [key], message: "this together with `path` alone: it is about a request" })
    }
  })
  .transform((value): HealthCheck => {
    const pace = { timeoutMs: value.timeout, intervalMs: value.interval, failures: value.failures }
    if (value.tcp !== undefined) return { kind: "tcp", ...pace }
    if (value.command !== undefined) return { kind: "command", command: value.command, ...pace }
    if (value.stays_up !== undefined) return { kind: "stays-up", forMs: value.stays_up, ...pace }
    const { path = "/", method = "GET", codes = [{ from: 200, to: 200 }], host, body = "none" } = value
    return { kind: "http", path, method, codes, host, body, client: "conveyor", ...pace }
  })

/** What `status:` says: a POST with the id of a test client, answered with the release's id. */
export const statusCheck = ({ path, client }: { path: string; client: string }): HealthCheck => ({
  kind: "http",
  method: "POST",
  path,
  codes: [{ from: 200, to: 201 }],
  body: "status",
  client,
  ...usualPace,
})

/** Of what answers no requests and says nothing of itself. */
export const staysUp: HealthCheck = { kind: "stays-up", forMs: seconds(5), ...usualPace }
