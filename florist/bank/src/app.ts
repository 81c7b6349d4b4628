// The bank as an HTTP app: its API, which may be told to fail, and the simulator's side, which never does. Called by main.ts and by tests; listens to
// nothing yet.
import Fastify, { LogController } from "fastify"
import type { FastifyError, FastifyInstance } from "fastify"
import { Agenda } from "./agenda.ts"
import { addApi } from "./api-routes.ts"
import { Bank } from "./bank.ts"
import { Clock } from "./clock.ts"
import type { BankConfig } from "./config.ts"
import { Courier } from "./courier.ts"
import { Customers } from "./customers.ts"
import { addFaults, Faults } from "./faults.ts"
import { Refused } from "./refused.ts"
import { addSimulator } from "./simulator-routes.ts"

export async function createBank(config: Omit<BankConfig, "host" | "port">): Promise<FastifyInstance> {
  const { merchants, refundTakesMs, autopayMs, logLevel } = config
  const app = Fastify({
    logger: { level: logLevel, base: { service: "bank" } },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 64 * 1024,
    // A request that hangs as it was told to must not hold up the end.
    forceCloseConnections: true,
  })
  readJson(app)
  answerErrors(app)

  const clock = new Clock()
  const now = () => clock.now()
  const agenda = new Agenda(clock, (cause) => app.log.error({ cause }, "a job failed"))
  const courier = new Courier(clock, agenda)
  const bank = new Bank({ merchants, now, refundTakesMs })
  const customers = new Customers({ bank, clock, agenda, courier })
  const faults = new Faults()
  app.addHook("preClose", () => agenda.close())

  await app.register(async (scope) => {
    addFaults(scope, faults)
    addApi(scope, {
      bank,
      now,
      onRegistered: (qr) => {
        if (autopayMs !== undefined) customers.payLater(qr, autopayMs)
      },
    })
  })
  await app.register(async (scope) => addSimulator(scope, { bank, clock, agenda, courier, customers, faults }))
  return app
}

/** The bank's documents ask for the JSON header on every request, a body or not. */
function readJson(app: FastifyInstance): void {
  app.removeContentTypeParser("application/json")
  app.addContentTypeParser("application/json", { parseAs: "string" }, async (_request: unknown, body: string): Promise<unknown> => {
    if (body === "") return undefined
    try {
      return JSON.parse(body)
    } catch {
      throw new Refused("ERROR.INVALID_REQUEST", "The body is not JSON.")
    }
  })
}

function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler(async (error: FastifyError | Refused, request, reply) => {
    if (error instanceof Refused) return reply.code(error.status).send({ code: error.code, message: error.message })
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return reply.code(error.statusCode).send({ code: "ERROR.INVALID_REQUEST", message: error.message })
    }
    request.log.error({ error, method: request.method, url: request.url }, "request failed")
    return reply.code(500).send({ code: "ERROR.INTERNAL", message: "The request failed; the bank's log says why." })
  })
  app.setNotFoundHandler(async (request, reply) =>
    reply.code(404).send({ code: "ERROR.NOT_FOUND", message: `${request.method} ${request.url.split("?")[0] ?? ""} does not exist.` }),
  )
}
