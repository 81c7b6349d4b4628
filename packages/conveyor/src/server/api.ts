// The control plane over HTTP, on loopback, for whoever has its token: the command line, the git hook, the dashboard.
import fastify from "fastify"
import type { FastifyInstance, FastifyReply } from "fastify"
import { z } from "zod"
import { ConveyorError, describe } from "../kernel/errors.ts"
import type { Ports } from "../release/ports.ts"
import { carriesToken } from "./bearer-token.ts"
import type { ControlPlane } from "./control-plane.ts"
import type { EventHub, Stamped } from "./events.ts"
import { logQuery, newestLines } from "./logs.ts"
import { releaseReport, statusReport } from "./status.ts"

export interface ApiOptions {
  controlPlane: ControlPlane
  ports: Ports
  hub: EventHub
  token: string
  name: string
  edgeUrl: string
}

const revisionBody = z.strictObject({ revision: z.string().min(1) })
const rollbackBody = z.strictObject({ to: z.string().optional() })
const contractBody = z.strictObject({ change: z.string().min(1) })
const promoteBody = z.strictObject({ by: z.string().min(1).max(200) })
const heartbeatMs = 10_000
/** Errors of these codes are the asker's; any other is the server's. */
const statusOf: Readonly<Record<string, number>> = {
  "no-such-version": 404,
  "no-such-commit": 404,
  "no-such-change": 404,
  "no-such-run": 404,
  "no-such-route": 404,
  incompatible: 409,
  "bad-file": 422,
  "bad-version": 422,
  "bad-request": 422,
  "no-previous": 409,
  "is-current": 409,
  "in-use": 409,
  "not-baking": 409,
  "not-built": 409,
  "not-running": 409,
  "nothing-released": 409,
}

export function createApi(options: ApiOptions): FastifyInstance {
  const { controlPlane, ports, hub, token, name, edgeUrl } = options
  const app = fastify({ logger: false, forceCloseConnections: true })

  app.addHook("onRequest", async (request, reply) => {
    if (!carriesToken(request.headers.authorization, token)) {
      await reply
        .code(401)
        .send({ code: "unauthorized", message: "the token is missing or wrong", hint: "It is in control.json of the state directory." })
    }
  })
  app.setErrorHandler(async (thrown, _request, reply) => {
    const error = asConveyorError(thrown)
    if (error.code === "unexpected") ports.logger.error({ error: thrown }, "request failed")
    await reply.code(statusOf[error.code] ?? 500).send({ code: error.code, message: error.message, hint: error.hint, facts: error.facts })
  })

  app.setNotFoundHandler(({ method, url }) => {
    throw new ConveyorError("no-such-route", `there is no ${method} ${url}`, { facts: { method, url } })
  })

  app.get("/status", async (request) => {
    const changes = await controlPlane.changes()
    return statusReport({ ports, name, edge: edgeUrl, changes, signal: closing(request.raw) })
  })
  app.get("/changes", () => controlPlane.changes())
  app.get("/plan", (request) => controlPlane.plan(checked(revisionBody, request.query).revision))
  app.post("/releases", (request) => controlPlane.requestRelease(checked(revisionBody, request.body).revision))
  app.post("/rollbacks", (request) => controlPlane.requestRollback(checked(rollbackBody, request.body ?? {}).to))
  app.post("/contracts", (request) => controlPlane.requestContract(checked(contractBody, request.body).change))
  app.post<{ Params: { name: string } }>("/changes/:name/abort", (request) => controlPlane.requestAbortOfChange(request.params.name))
  app.post<{ Params: { name: string } }>("/changes/:name/repack", (request) => controlPlane.requestRepack(request.params.name))
  app.post<{ Params: { name: string } }>("/changes/:name/pause", (request) => controlPlane.pauseChange(request.params.name, "pause"))
  app.post<{ Params: { name: string } }>("/changes/:name/resume", (request) => controlPlane.pauseChange(request.params.name, "resume"))
  app.post<{ Params: { name: string } }>("/versions/:name/retire", (request) => controlPlane.requestRetire(request.params.name))
  app.post<{ Params: { name: string } }>("/versions/:name/promote", async (request) =>
    controlPlane.promote(request.params.name, checked(promoteBody, request.body).by),
  )
  app.post<{ Params: { id: string } }>("/runs/:id/abort", async (request) => controlPlane.abort(Number(request.params.id)))
  app.get<{ Params: { id: string } }>("/runs/:id", async (request) => releaseReport(ports, runOf(ports, request.params.id)))
  app.get("/logs", (request) => newestLines(ports, checked(logQuery, request.query), closing(request.raw)))
  app.get("/events", async (_request, reply) => stream(reply, hub))
  return app
}

/** What fastify itself refuses (a body that is no JSON, one that is too long) is the asker's mistake. */
function asConveyorError(thrown: unknown): ConveyorError {
  if (thrown instanceof ConveyorError) return thrown
  const status = thrown instanceof Error && "statusCode" in thrown ? Number(thrown.statusCode) : 500
  return new ConveyorError(status < 500 ? "bad-request" : "unexpected", describe(thrown), { cause: thrown })
}

function runOf(ports: Ports, id: string) {
  const found = ports.store.release(Number(id))
  if (found !== undefined) return found
  throw new ConveyorError("no-such-run", `there is no run ${id}`, { facts: { id }, hint: "conveyor status lists the newest." })
}

/** Server-sent events, one JSON object each, until the asker goes. */
function stream(reply: FastifyReply, hub: EventHub): void {
  const gone = new AbortController()
  reply.hijack()
  reply.raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
  reply.raw.flushHeaders()
  const send = (event: Stamped) => reply.raw.write(`data: ${JSON.stringify(event)}\n\n`)
  const heartbeat = setInterval(() => reply.raw.write(": still here\n\n"), heartbeatMs)
  reply.raw.on("close", () => {
    clearInterval(heartbeat)
    gone.abort()
  })
  hub.follow(send, gone.signal)
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new ConveyorError("bad-request", z.prettifyError(result.error), { facts: { value } })
}

function closing(request: { once(event: "close", listener: () => void): unknown }): AbortSignal {
  const controller = new AbortController()
  request.once("close", () => controller.abort(new ConveyorError("gone", "the asker went away")))
  return controller.signal
}
