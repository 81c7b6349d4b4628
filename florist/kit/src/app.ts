// An HTTP app as every service starts it: operations below /api, what services ask each other below /internal, errors in one shape, the status
// question. Called by `serve` and by tests.
import Fastify, { LogController } from "fastify"
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { clientOf, trustIn } from "./client-address.ts"
import type { Config, Identity } from "./config.ts"
import type { Fleet, OpenShop } from "./fleet.ts"
import { drain } from "./large-body.ts"
import { describeOperations } from "./openapi.ts"
import type { Operation } from "./operation.ts"
import { Peers } from "./peers.ts"
import { Refusal, errorDocument } from "./refusal.ts"
import type { Problem } from "./refusal.ts"
import type { Consumption } from "./relay.ts"
import { addSafeHeaders } from "./safe-headers.ts"
import { serveOperation } from "./serve-operation.ts"
import { Tokens } from "./session.ts"
import { addStatus } from "./status.ts"
import type { Columns } from "./status.ts"

export interface Service {
  /** Also its schema on every shard, its role there, and its place below /internal. */
  name: string
  reliesOn: Columns
  /** What the service knows about the shop; proves that its data can be read. */
  clientFacts: (shop: OpenShop) => Promise<Record<string, unknown>>
  /** Made for each process, so that operations can ask other services. */
  operations: (surroundings: Surroundings) => readonly Operation[]
  /** Which events of other services it follows. */
  consumes?: (surroundings: Surroundings) => readonly Consumption[]
  /** Streams, sockets, files: what is no operation. */
  extras?: (app: FastifyInstance, surroundings: Surroundings) => Promise<void>
  /** Work beside requests, until the signal ends it. */
  background?: (surroundings: Surroundings, signal: AbortSignal) => Promise<void>
}

export interface Surroundings {
  fleet: Fleet
  identity: Identity
  tokens: Tokens
  peers: Peers
  secret: string
  bankUrl: string | undefined
  clock: () => Date
}

export type AppOptions = Pick<Config, "identity" | "logLevel" | "secret" | "peerUrl" | "bankUrl"> &
  Partial<Pick<Config, "frontDoors">> & { clock?: () => Date }

export interface App {
  http: FastifyInstance
  surroundings: Surroundings
  closing: AbortSignal
}

const requestWithinMs = 120_000
const mostBytes = 256 * 1024

/** Listens to nothing yet. */
export async function createApp(service: Service, fleet: Fleet, options: AppOptions): Promise<App> {
  const { name } = service
  const { identity, logLevel, secret, peerUrl, bankUrl, frontDoors = trustIn("loopback"), clock = () => new Date() } = options
  const http = Fastify({
    logger: { level: logLevel, base: { service: name, ...identity } },
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: requestWithinMs,
    bodyLimit: mostBytes,
    // While a copy closes, a request that still reaches it is served, not refused: nobody routes new ones here.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500 },
    // Programs that know the published API at this address find it here too.
    rewriteUrl: ({ url = "/" }) => url.replace(/^\/public(?=\/api\/v1\/)/, ""),
    // What fails before there is a route, as a path that cannot be decoded, is answered in the same form.
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
  })
  addSafeHeaders(http)
  acceptJson(http)
  answerErrors(http)
  endKeepAliveAtClose(http)
  const closing = new AbortController()
  http.addHook("preClose", async () => closing.abort())
  const tokens = new Tokens(secret)
  const surroundings: Surroundings = {
    fleet,
    identity,
    tokens,
    peers: new Peers({ service: name, urlOf: peerUrl, tokens, clock, version: identity.version }),
    secret,
    bankUrl,
    clock,
  }
  const operations = service.operations(surroundings)

  addStatus(http, { service: name, identity, fleet, reliesOn: service.reliesOn, clientFacts: service.clientFacts })
  const clientAddress = ({ raw }: FastifyRequest) => clientOf(raw, frontDoors)
  const serving = { service: name, fleet, tokens, clock, closing: closing.signal, clientAddress }
  for (const operation of operations) addOperation(http, operation, serving)
  http.get(`/internal/${name}/openapi.json`, async () => describeOperations(operations))
  await service.extras?.(http, surroundings)
  return { http, surroundings, closing: closing.signal }
}

function addOperation(http: FastifyInstance, operation: Operation, serving: Parameters<typeof serveOperation>[1]): void {
  const prefix = operation.access === "peer" ? `/internal/${serving.service}` : "/api"
  http.route({
    method: operation.method,
    url: `${prefix}${operation.path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
    ...(operation.bodyLimit === undefined ? {} : { bodyLimit: operation.bodyLimit }),
    handler: (request, reply) => serveOperation(operation, serving, request, reply),
  })
}

/** The published API sends application/vnd.api+json; plain application/json is taken too, and so is a text or a body that says nothing of itself, as programs
 * send that exist. The text stays beside, for signatures. */
function acceptJson(http: FastifyInstance): void {
  http.removeContentTypeParser("application/json")
  http.removeContentTypeParser("text/plain")
  http.addHook("onRequest", async ({ raw: { headers } }) => {
    headers["content-type"] ||= "application/vnd.api+json"
  })
  http.addContentTypeParser(/^(?:application\/(vnd\.api\+)?json|text\/plain)\b/, { parseAs: "string" }, (request, body, done) => {
    const text = String(body)
    Object.assign(request, { rawBody: text })
    if (text.trim() === "") return done(null, undefined)
    try {
      done(null, withoutPrototype(JSON.parse(text)))
    } catch (cause) {
      const problem = {
        status: 400,
        code: "malformed",
        title: "Malformed JSON",
        detail: cause instanceof Error ? cause.message : String(cause),
      }
      done(new Refusal([{ ...problem, source: { pointer: "" } }]))
    }
  })
}

function withoutPrototype(value: unknown): unknown {
  if (typeof value === "object" && value !== null && "__proto__" in value) Reflect.deleteProperty(value, "__proto__")
  return value
}

function answerErrors(http: FastifyInstance): void {
  http.setErrorHandler(answerError)
  http.setNotFoundHandler(async (request, reply) => {
    const detail = `${request.method} ${request.url.split("?")[0] ?? ""} does not exist.`
    const document = errorDocument([{ status: 404, code: "not-found", title: "Not found", detail }])
    return reply.code(404).header("content-type", "application/vnd.api+json").send(JSON.stringify(document))
  })
}

async function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const problems = problemsOf(error)
  const status = problems[0]?.status ?? 500
  if (status === 413) {
    await drain(request.raw)
    reply.header("connection", "close")
  }
  if (status >= 500) request.log.error({ err: error, method: request.method, url: request.url }, "request failed")
  if (status === 503) reply.header("retry-after", "1")
  await reply
    .code(status)
    .header("content-type", "application/vnd.api+json")
    .send(JSON.stringify(errorDocument(problems)))
}

/** A client that got its answer while the copy closes, or before it had sent its whole body, is told to use another connection; nobody waits for it to go. */
function endKeepAliveAtClose(http: FastifyInstance): void {
  let isClosing = false
  http.addHook("preClose", async () => {
    isClosing = true
  })
  http.addHook("onSend", async ({ raw }, reply) => {
    if (isClosing || (hasBody(raw) && !raw.complete)) reply.header("connection", "close")
  })
}

const hasBody = ({ headers }: FastifyRequest["raw"]) =>
  Number(headers["content-length"] ?? 0) > 0 || headers["transfer-encoding"] !== undefined

function problemsOf(error: FastifyError): readonly Problem[] {
  if (error instanceof Refusal) return error.problems
  // The framework's own refusals: a body too large or of an unknown type, a path that cannot be decoded.
  if (error.statusCode === 413) {
    const detail = "The request's body is too large; send less at once."
    return [{ status: 413, code: "too-large", title: "Too large", detail }]
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return [{ status: error.statusCode, code: "bad-request", title: "Bad request", detail: error.message }]
  }
  return [{ status: 500, code: "internal", title: "Internal error", detail: "The request failed; the service's log says why." }]
}
