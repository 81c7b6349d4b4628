// Brings requests to the service that answers them, where nobody else does: on a single machine without Conveyor's edge. Called by the gateway's app.
import replyFrom from "@fastify/reply-from"
import { clientBehind } from "@florist/kit/client-address"
import { Refusal, errorDocument, unavailable } from "@florist/kit/refusal"
import type { Problem } from "@florist/kit/refusal"
import type { FastifyInstance, FastifyReply } from "fastify"
import type { GatewayConfig } from "./gateway-config.ts"
import { routeFinder, routes } from "./routes.ts"

const answerWithinMs = 120_000
/** What says who a client is, in any spelling; what comes from outside ends here. */
const saysWho = /^(?:x[-_]forwarded(?:[-_].*)?|x[-_]real[-_]ip|forwarded|(?:true[-_])?client[-_]ip|cf[-_]connecting[-_]ip)$/i

type FrontDoor = Pick<GatewayConfig, "services" | "trustedProxies">

/** Without services the gateway answers only what is its own: the edge brings the rest to its service. */
export async function addFrontDoor(app: FastifyInstance, { services, trustedProxies }: FrontDoor): Promise<void> {
  if (Object.keys(services).length === 0) return addLongerAddress(app)
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
        const client = clientBehind(request.raw, trustedProxies)
        return reply.from(`${address}${request.url}`, {
          rewriteRequestHeaders: (_request, headers) => ({
            ...Object.fromEntries(Object.entries(headers).filter(([name]) => !saysWho.test(name))),
            "x-forwarded-for": client,
            "x-real-ip": client,
            forwarded: `for=${client.includes(":") ? `"[${client}]"` : client}`,
          }),
          onError: (failed, { error }) => {
            const [problem] = (error instanceof Refusal ? error : unavailable(`The ${service} service`, error)).problems
            if (problem !== undefined) void refuse(failed as FastifyReply, 503, problem)
          },
        })
      })
    }
  })
}

/** The edge knows the API's address, and brings the longer one that published programs know to the gateway: they are told to come by the other, with what they sent. */
async function addLongerAddress(app: FastifyInstance): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload))
    scope.all("/api/*", async (request, reply) => {
      if (request.originalUrl.startsWith("/public/")) return reply.code(308).header("location", request.url).send()
      return refuse(reply, 404, {
        code: "not-found",
        title: "Not found",
        detail: `${request.method} ${pathOf(request.url)} does not exist.`,
      })
    })
  })
}

function refuse(reply: FastifyReply, status: number, problem: Omit<Problem, "status">): FastifyReply {
  return reply
    .code(status)
    .header("content-type", "application/vnd.api+json")
    .send(JSON.stringify(errorDocument([{ ...problem, status }])))
}

const pathOf = (url: string): string => url.split("?")[0] ?? url
