// An HTTP app as every service starts it: errors in one shape, the status question, nothing else. Called by `serve` and by tests.
import Fastify, { LogController } from "fastify"
import type { FastifyError, FastifyInstance } from "fastify"
import type { Config, Identity } from "./config.ts"
import type { Fleet, OpenShop } from "./fleet.ts"
import { Refusal } from "./refusal.ts"
import type { Problem } from "./refusal.ts"
import { addStatus } from "./status.ts"
import type { Columns } from "./status.ts"

export interface Service {
  name: string
  reliesOn: Columns
  clientFacts: (shop: OpenShop) => Promise<Record<string, unknown>>
  routes(app: FastifyInstance, surroundings: Surroundings): Promise<void>
}

export interface Surroundings {
  fleet: Fleet
  identity: Identity
}

const requestWithinMs = 120_000

/** Listens to nothing yet. */
export async function createApp(service: Service, fleet: Fleet, config: Pick<Config, "identity" | "logLevel">): Promise<FastifyInstance> {
  const { name, reliesOn, clientFacts } = service
  const { identity, logLevel } = config
  const app = Fastify({
    logger: { level: logLevel, base: { service: name, ...identity } },
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: requestWithinMs,
    bodyLimit: 64 * 1024,
    // While a copy closes, a request that still reaches it is served, not refused: nobody routes new ones here.
    return503OnClosing: false,
  })
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const problems = problemsOf(error)
    const status = problems[0]?.status ?? 500
    if (status >= 500) request.log.error({ error, method: request.method, url: request.url }, "request failed")
    if (status === 503) reply.header("retry-after", "1")
    return reply.code(status).send({ errors: problems })
  })
  app.setNotFoundHandler(async (request, reply) => {
    const detail = `${request.method} ${request.url.split("?")[0] ?? ""} does not exist.`
    return reply.code(404).send({ errors: [{ status: 404, code: "not-found", title: "Not found", detail }] })
  })
  endKeepAliveAtClose(app)
  addStatus(app, { service: name, identity, fleet, reliesOn, clientFacts })
  await service.routes(app, { fleet, identity })
  return app
}

/** A client that got its answer while the copy closes is told to use another connection; nobody waits for it to go. */
function endKeepAliveAtClose(app: FastifyInstance): void {
  let isClosing = false
  app.addHook("preClose", async () => {
    isClosing = true
  })
  app.addHook("onSend", async (_request, reply) => {
    if (isClosing) reply.header("connection", "close")
  })
}

function problemsOf(error: FastifyError): readonly Problem[] {
  if (error instanceof Refusal) return error.problems
  // The framework's own refusals: a body that is no JSON, too large, of an unknown type.
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return [{ status: error.statusCode, code: "bad-request", title: "Bad request", detail: error.message }]
  }
  return [{ status: 500, code: "internal", title: "Internal error", detail: "The request failed; the service's log says why." }]
}
