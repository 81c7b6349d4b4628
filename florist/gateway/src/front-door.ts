// Brings requests to the service that answers them, where nobody else does: on a single machine without Conveyor's edge. Called by the gateway's app.
import replyFrom from "@fastify/reply-from"
import { Refusal, errorDocument, unavailable } from "@florist/kit/refusal"
import type { Problem } from "@florist/kit/refusal"
import type { FastifyInstance, FastifyReply } from "fastify"
import { routeFinder, routes } from "./routes.ts"

const answerWithinMs = 120_000

/** @param services addresses by name; without any the gateway answers only what is its own. */
export async function addFrontDoor(app: FastifyInstance, services: Readonly<Record<string, string>>): Promise<void> {
  if (Object.keys(services).length === 0) return
  const serviceFor = routeFinder(routes)
  await app.register(async (scope) => {
    await scope.register(replyFrom, { undici: { connections: 64, bodyTimeout: answerWithinMs, headersTimeout: answerWithinMs } })
    // Bodies pass as they are.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload))
    for (const prefix of ["/api/*", "/internal/*"]) {
      scope.all(prefix, async (request, reply) => {
        const path = pathOf(request.url)
        const service = path.startsWith("/internal/") ? path.split("/")[2] : serviceFor(path)
        const address = service === undefined || service === "gateway" ? undefined : services[service]
        if (address === undefined)
          return refuse(reply, 404, { code: "not-found", title: "Not found", detail: `${request.method} ${path} does not exist.` })
        return reply.from(`${address}${request.url}`, {
          onError: (failed, { error }) => {
            const [problem] = (error instanceof Refusal ? error : unavailable(`The ${service} service`, error)).problems
            if (problem !== undefined) void refuse(failed as FastifyReply, 503, problem)
          },
        })
      })
    }
  })
}

function refuse(reply: FastifyReply, status: number, problem: Omit<Problem, "status">): FastifyReply {
  return reply
    .code(status)
    .header("content-type", "application/vnd.api+json")
    .send(JSON.stringify(errorDocument([{ ...problem, status }])))
}

const pathOf = (url: string): string => url.split("?")[0] ?? url
