// The kinds of values that conveyor.yml has: each parses itself, and says in words what would be right. Called by config.ts.
import { z } from "zod"
import { parseDuration } from "../kernel/time/duration.ts"
import { Secret } from "../kernel/secret.ts"

/** Written as "1h30m", used in milliseconds: whole ones, within bounds that are written like it. */
export const durationBetween = (from: string, to: string) => {
  const [least = 0, most = 0] = [parseDuration(from), parseDuration(to)]
  const right = `a duration from ${from} to ${to}, such as 250ms, 15s, 15m or 1h30m`
  return z.string(right).transform((text, context) => {
    const ms = parseDuration(text)
    if (ms !== undefined && Number.isInteger(ms) && ms >= least && ms <= most) return ms
    context.addIssue({ code: "custom", message: right })
    return z.NEVER
  })
}

// No timer runs longer than 24.8 days: one that is set for more fires at once.
const longestTimer = "20d"
/** May be nothing at all. */
export const duration = durationBetween("0s", longestTimer)
/** Of what has to have some time. */
export const timeLimit = durationBetween("1ms", longestTimer)

export const text = (right: string, pattern: RegExp = /\S/) => z.string(right).regex(pattern, right)

export const wholeNumber = (from: number, to: number) => {
  const right = `a whole number from ${from} to ${to}`
  return z.int(right).min(from, right).max(to, right)
}

export const aPart = (right = "a part of the whole, above 0 and at most 1, such as 0.8") => z.number(right).gt(0, right).max(1, right)

export const name = text(
  "a name that begins with a letter and has small letters, digits and dashes only, such as my-shop",
  /^[a-z][a-z0-9-]{0,62}$/,
)

export const command = text("a command line, such as node server.js")

export const path = text('a path that begins with "/" and does not end with one, such as / or /api/v1/payments', /^\/([^\s?#]*[^\s?#/])?$/)

const aRoute =
  'a path that begins with "/" and does not end with one, perhaps with a host in small letters before it, as in shop.example.org/ or *.example.org/api; a "*" in the path is a whole segment, as in /api/v1/orders/*/payments'
const aHost = /(?:(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*|\[[\da-f:.]+\])?/
export const route = text(aRoute, new RegExp(`^${aHost.source}(\\/|(\\/(\\*|[^*/\\s?#]*))*\\/(\\*|[^*/\\s?#]+))$`))

export const pathWithQuery = text('a path that begins with "/", and may have a query', /^\/\S*$/)

const aListener = "host:port, such as 127.0.0.1:8080, or 0.0.0.0:80 for every network, with a port up to 65535 (0 is any that is free)"
export const listener = z.string(aListener).refine(isListener, aListener)

function isListener(listen: string): boolean {
  const [, port] = /^(?:[\w.-]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(listen) ?? []
  const [, digits] = /^([\d.]+):\d+$/.exec(listen) ?? []
  return port !== undefined && Number(port) <= 65_535 && (digits === undefined || z.ipv4().safeParse(digits).success)
}

export const network = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], "an address or a network, such as 10.0.0.0/8")

/** As "20:00-06:00"; past midnight where the end is before the beginning. */
export const hoursOfDay = z.string("hours, such as 20:00-06:00").transform((hours, context): [from: string, to: string] => {
  const [, from, to] = /^([01]\d:[0-5]\d|2[0-3]:[0-5]\d)-([01]\d:[0-5]\d|2[0-3]:[0-5]\d)$/.exec(hours) ?? []
  if (from !== undefined && to !== undefined) return [from, to]
  context.addIssue({ code: "custom", message: "hours, such as 20:00-06:00" })
  return z.NEVER
})

export const folder = text("a folder of the repository, such as db/changes", /^(?!\/)(?!(.*\/)?\.\.(\/|$))\S/)

export const file = text("the path of a file from the root, such as /etc/ssl/shop.pem", /^\/\S/)

export const oneOf = <const Values extends readonly [string, ...string[]]>(...values: Values) => z.enum(values)

/** Of a PostgreSQL database. What a URL holds is never shown: a password may be in it. */
export const databaseUrl = z
  .string("the URL of a database")
  .refine(isDatabaseUrl, "the URL of a database: postgres://user:password@host:5432/name")
  .transform((url) => new Secret(url))

function isDatabaseUrl(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url) && (URL.canParse(url) || /^postgres(ql)?:\/\/\/?[^\s]*$/.test(url))
}

const unitBytes: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 }

/** Written as "16MB" (of 2^20 bytes each), used in bytes; at least and at most so many, written like it. */
export const sizeBetween = (from: string, to: string) => {
  const [least = 1, most = 1] = [bytesOf(from), bytesOf(to)]
  const right = `a size from ${from} to ${to}, such as 64KB, 16MB or 1GB`
  return z.string(right).transform((text, context) => {
    const bytes = bytesOf(text)
    if (bytes !== undefined && bytes >= least && bytes <= most) return Math.round(bytes)
    context.addIssue({ code: "custom", message: right })
    return z.NEVER
  })
}

function bytesOf(text: string): number | undefined {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s?(B|KB|MB|GB|TB)$/i.exec(text) ?? []
  return amount === undefined ? undefined : Number(amount) * (unitBytes[unit.toUpperCase()] ?? 1)
}

export const size = sizeBetween("1B", "1024TB")
