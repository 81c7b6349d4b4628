// The control plane over HTTP, on loopback, for whoever has its token: the command line, the git hook, the dashboard.
// What can be asked, and what is answered, is the protocol's list of endpoints.
import fastify from "fastify"
import type { z } from "zod"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { kindOf } from "../../kernel/errors/error-catalogue.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import type { Jobs } from "../../release/jobs/jobs.ts"
import type { Ports } from "../../release/ports.ts"
import { carriesToken } from "./bearer-token.ts"
import type { ControlPlane } from "../control-plane.ts"
import { prepareCommand, streamCommand } from "./command-stream.ts"
import { streamEvents } from "./event-stream.ts"
import type { EventHub } from "./events.ts"
import { askerOf, handlersFor } from "./handlers.ts"
import type { Asked } from "./handlers.ts"
import { streamLogs } from "./log-stream.ts"
import { fitting } from "./misfits.ts"
import { commandInput, commandsPath } from "../protocol/commands.ts"
import { endpoints } from "../protocol/endpoints.ts"
import { eventsPath } from "../protocol/events.ts"
import { logsFollowedPath } from "../protocol/logs.ts"
import type { Refusal } from "../protocol/refusal.ts"
import type { Watching } from "../watching/watching.ts"

export interface ApiOptions {
  controlPlane: ControlPlane
  ports: Ports
  hub: EventHub
  token: string
  name: string
  edgeUrl: string
  jobs: Jobs
  watching: Watching
}

export function createApi(options: ApiOptions): FastifyInstance {
  const { hub, ports, token } = options
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    // A path that cannot be read at all comes to no hook.
    frameworkErrors: (thrown, request, reply) => void (isRefused(request, reply, token) || answerError(options, thrown, reply)),
  })
  app.addHook("onRequest", (request, reply, go) => {
    if (!isRefused(request, reply, token)) go()
  })
  app.setErrorHandler((thrown, _request, reply) => answerError(options, thrown, reply))
  app.setNotFoundHandler(({ method, url }) => {
    throw new ConveyorError("no-such-route", `there is no ${method} ${url}`, {
      facts: { method, url },
      hint: "This control plane speaks /v1; an older or newer command may ask for something else.",
    })
  })

  const handlers = handlersFor(options)
  for (const [name, { method, path, input }] of Object.entries(endpoints)) {
    const handle = handlers[name as keyof typeof handlers] as (asked: Asked) => unknown
    app.route({
      method,
      url: path,
      handler: async (request, reply) =>
        handle({
          params: request.params,
          input: method === "GET" ? fitting<unknown>(input, request.query, "query") : fitting<unknown>(input, request.body ?? {}, "body"),
          signal: whileAsked(reply),
        }),
    })
  }
  app.post(commandsPath, async (request, reply) => {
    const input = fitting<z.output<typeof commandInput>>(commandInput, request.body ?? {}, "body")
    const gone = new AbortController()
    reply.raw.once("close", () => gone.abort(new ConveyorError("gone", "the asker went away")))
    const { action, subject, command } = await prepareCommand(ports, input, gone.signal)
    await options.controlPlane.noteCommand(action, subject, askerOf(input))
    reply.hijack()
    await streamCommand(reply.raw, command, input, gone.signal)
  })
  app.get(logsFollowedPath, async (request, reply) => {
    const input = fitting<z.output<typeof endpoints.logs.input>>(endpoints.logs.input, request.query, "query")
    const gone = new AbortController()
    reply.raw.once("close", () => gone.abort(new ConveyorError("gone", "the asker went away")))
    reply.hijack()
    await streamLogs(reply.raw, ports, input, gone.signal).catch(() => reply.raw.destroy())
  })
  app.get(eventsPath, async (request, reply) => {
    reply.hijack()
    const after = request.headers["last-event-id"]
    streamEvents(reply.raw, hub, typeof after === "string" ? after : undefined)
  })
  return app
}

function isRefused({ headers }: FastifyRequest, reply: FastifyReply, token: string): boolean {
  if (carriesToken(headers.authorization, token)) return false
  const refusal: Refusal = {
    code: "unauthorized",
    message: "the token is missing or wrong",
    hint: "It is in control.json of the state directory.",
  }
  void reply.code(kindOf("unauthorized").status).send(refusal)
  return true
}

async function answerError({ ports }: ApiOptions, thrown: unknown, reply: FastifyReply): Promise<void> {
  const { code, message, hint, facts } = asConveyorError(thrown)
  if (code === "unexpected") ports.logger.error({ error: thrown }, "request failed")
  const refusal: Refusal = { code, message, hint, facts }
  await reply.code(kindOf(code).status).send(refusal)
}

/** What fastify itself refuses (a body that is no JSON, one that is too long) is the asker's mistake. */
function asConveyorError(thrown: unknown): ConveyorError {
  if (thrown instanceof ConveyorError) return thrown
  const status = thrown instanceof Error && "statusCode" in thrown ? Number(thrown.statusCode) : 500
  return new ConveyorError(status < 500 ? "bad-request" : "unexpected", describe(thrown), { cause: thrown })
}

function whileAsked({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  // Of the answer, not of the request: that one is closed as soon as its body was read.
  raw.once("close", () => raw.writableEnded || controller.abort(new ConveyorError("gone", "the asker went away")))
  return controller.signal
}
