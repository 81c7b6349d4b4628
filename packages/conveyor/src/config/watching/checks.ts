// `watch.checks` of conveyor.yml: what is asked besides what the installation itself has. Called by watch.ts.
import { z } from "zod"
import { parseJsonPath } from "../../kernel/json-path.ts"
import { aPart, databaseUrl, duration, name, oneOf, pathWithQuery, text, timeLimit, wholeNumber } from "../words.ts"

const aUrl = "a URL, such as https://shop.example/api/v1/status"
const url = z.string(aUrl).refine((value) => /^https?:\/\/[^\s]+$/.test(value) && URL.canParse(value.replaceAll(/\{\{\w+\}\}/g, "x")), aUrl)

const aJsonPath = "the way to one place in the answer, such as $.state or $.items[0].price"
const jsonPath = z.string(aJsonPath).refine((value) => parseJsonPath(value) !== undefined, aJsonPath)
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], "a text, a number, true, false or null")

const httpStep = z.strictObject({
  url,
  method: oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE").default("GET"),
  headers: z.record(z.string(), z.string("a text")).default({}),
  body: z.string("a text").optional(),
  expect: z.array(wholeNumber(100, 599), "the codes that are right, such as [200, 201]").min(1).default([200, 201]),
  json: z.record(jsonPath, scalar).default({}),
  contains: text("a text that the answer has to have").optional(),
  keep: z.record(z.string().regex(/^\w+$/, "a name of letters and digits"), jsonPath).default({}),
})

/** A URL alone is short for one GET; `steps` are asked one after the other. */
const http = z
  .union(
    [url, httpStep, z.strictObject({ steps: z.array(httpStep).min(1).max(20) })],
    "a URL, or url, method, expect and the like, or steps",
  )
  .transform((asked) => (typeof asked === "string" ? [httpStep.parse({ url: asked })] : "steps" in asked ? asked.steps : [asked]))

const aPort = "host:port, such as db.internal:5432"
export const hostAndPort = z
  .string(aPort)
  .regex(/^[^\s:/]+:\d{1,5}$/, aPort)
  .transform((written) => ({ host: written.slice(0, written.lastIndexOf(":")), port: Number(written.slice(written.lastIndexOf(":") + 1)) }))

const certificate = z.strictObject({
  of: hostAndPort,
  server_name: text("a host's name").optional(),
  left: duration.default(14 * 86_400_000),
})

const dns = z.strictObject({
  name: text("a host's name"),
  type: oneOf("A", "AAAA", "CNAME", "MX", "TXT").default("A"),
  expect: z.array(text("what has to be among the answers")).default([]),
  servers: z.array(text("a server's address")).default([]),
})

const postgres = z.strictObject({
  url: databaseUrl,
  connections: aPart().optional(),
  oldest_transaction: timeLimit.optional(),
  lock_waits: wholeNumber(0, 100_000).optional(),
  replica_lag: timeLimit.optional(),
})

export const machine = z.strictObject({
  load_per_core: z.number("a number, such as 4").positive().default(4),
  memory_free: aPart().default(0.05),
  swap_used: aPart().optional(),
  disk_free: aPart().default(0.1),
  inodes_free: aPart().default(0.05),
  full_within: timeLimit.default(24 * 3_600_000),
  disks: z.array(pathWithQuery).default([]),
})

const heartbeat = z.strictObject({ every: timeLimit, grace: duration.default(0) })

const kinds = { http: http.optional(), tcp: hostAndPort.optional(), certificate: certificate.optional(), dns: dns.optional() }
const moreKinds = { postgres: postgres.optional(), machine: machine.optional(), heartbeat: heartbeat.optional() }
const kindNames = [...Object.keys(kinds), ...Object.keys(moreKinds)]

/** When it is asked, and how what it finds is judged. */
export const pace = z.strictObject({
  every: timeLimit.default(10_000),
  within: timeLimit.default(5_000),
  open_after: wholeNumber(1, 1_000).default(3),
  close_after: wholeNumber(1, 1_000).default(2),
  unknown_after: wholeNumber(1, 1_000).default(5),
})

const oneKind = `one of ${kindNames.join(", ")}`

export const check = pace
  .extend({
    severity: oneOf("page", "ticket").default("page"),
    depends_on: z.array(text("a check's name")).default([]),
    ...kinds,
    ...moreKinds,
  })
  .superRefine((written, context) => {
    const given = kindNames.filter((kind) => Object.hasOwn(written, kind) && written[kind as keyof typeof written] !== undefined)
    if (given.length !== 1) context.addIssue({ code: "custom", message: `${oneKind}, and no second one` })
  })

export type CheckConfig = z.infer<typeof check>

export const checks = z.record(name, check)
