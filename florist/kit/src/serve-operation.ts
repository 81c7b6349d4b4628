// Carries one request through its operation: who asks, what comes in, one execution for each key, the answer. Called by the app.
import type { FastifyReply, FastifyRequest } from "fastify"
import { z } from "zod"
import type { Fleet } from "./fleet.ts"
import { claim, keep, requestHash } from "./idempotency.ts"
import { read, refuseUnknown } from "./input.ts"
import type { Answer, Asked, Operation } from "./operation.ts"
import { Refusal, forbidden } from "./refusal.ts"
import type { Session, Tokens } from "./session.ts"

export interface Serving {
  service: string
  fleet: Fleet
  tokens: Tokens
  clock: () => Date
  closing: AbortSignal
  clientAddress: (request: FastifyRequest) => string
}

const nothing = z.object({})
const keyHeader = z.object({
  "idempotency-key": z
    .string()
    .min(1)
    .max(200)
    .regex(/^[\x21-\x7E]+$/, "must be printable ASCII without spaces")
    .optional(),
})
const shopHeader = z.object({ "florist-shop": z.coerce.number().int().positive() })

export async function serveOperation(
  operation: Operation,
  serving: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const answer = await answerTo(operation, serving, request).catch((cause: unknown) => {
    throw cause instanceof Refusal ? asDocumented(cause, operation) : cause
  })
  for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value)
  reply.code(answer.status)
  if (answer.body === undefined) return reply.send()
  if (!reply.hasHeader("content-type"))
    reply.header("content-type", operation.work === "peer" ? "application/json" : "application/vnd.api+json")
  return reply.send(reply.getHeader("content-type") === "application/json" || isJsonApi(reply) ? JSON.stringify(answer.body) : answer.body)
}

const isJsonApi = (reply: FastifyReply) => String(reply.getHeader("content-type")).startsWith("application/vnd.api+json")

async function answerTo(operation: Operation, serving: Serving, request: FastifyRequest): Promise<Answer> {
  const { fleet, tokens, clock } = serving
  const now = clock()
  const handle = operation.handle as (asked: object) => Promise<Answer>
  const session = await whoAsks(operation, tokens, request, now)
  const query = withoutBrackets(request.query)
  const shapes = {
    params: read(operation.params ?? nothing, request.params, "path"),
    query: read(operation.query ?? nothing, query, "query"),
    body: operation.body === undefined ? {} : read(operation.body, request.body, "body"),
  }
  if (operation.unknown !== "ignored" && operation.work !== "peer") {
    refuseUnknown(operation.query ?? nothing, query, "query")
    if (operation.body !== undefined) refuseUnknown(operation.body, request.body, "body", echoesOf(operation))
  }
  const asked: Omit<Asked<unknown, unknown, unknown>, "session"> = { ...shapes, now, log: request.log, signal: serving.closing }

  if (operation.work === "public") {
    return handle({ ...asked, headers: request.headers, rawBody: rawBodyOf(request), clientAddress: serving.clientAddress(request) })
  }
  if (operation.work === "peer") {
    const shop = await fleet.shop(read(shopHeader, request.headers, "query")["florist-shop"])
    return handle({ ...asked, shop })
  }
  if (session === undefined) throw forbidden("This needs a session.")
  const shop = await fleet.shop(session.shop)
  if (operation.work === "read") return handle({ ...asked, session, shop })

  const key = read(keyHeader, request.headers, "query")["idempotency-key"]
  const idempotent = key === undefined ? undefined : idempotentRequest(serving.service, session, key, operation, request)
  if (operation.work === "write") {
    return shop.write(async (tx) => {
      const kept = idempotent === undefined ? "mine" : await claim(tx, idempotent)
      if (kept !== "mine") return replayed(kept)
      const answer = await handle({ ...asked, session, tx })
      if (idempotent !== undefined) await keep(tx, idempotent, { status: answer.status, body: answer.body })
      return answer
    })
  }
  const kept = idempotent === undefined ? "mine" : await shop.write((tx) => claim(tx, idempotent))
  if (kept !== "mine") return replayed(kept)
  const answer = await handle({ ...asked, session, shop, key })
  if (idempotent !== undefined) await shop.write((tx) => keep(tx, idempotent, { status: answer.status, body: answer.body }))
  return answer
}

async function whoAsks(operation: Operation, tokens: Tokens, request: FastifyRequest, now: Date): Promise<Session | undefined> {
  const { access } = operation
  if (access === "public") return undefined
  if (access === "peer") {
    await tokens.checkPeer(request.headers.authorization, now)
    return undefined
  }
  const session = await tokens.check(request.headers.authorization, now)
  if (!access.includes(session.role)) throw forbidden(`A ${session.role} may not do this; it takes one of: ${access.join(", ")}.`)
  return session
}

function idempotentRequest(service: string, session: Session, key: string, operation: Operation, request: FastifyRequest) {
  const hash = requestHash({ worker: session.worker, method: operation.method, path: request.url, body: request.body })
  return { service, shop: session.shop, key, hash }
}

function replayed({ status, body }: { status: number; body: unknown }): Answer {
  return { status, ...(body === null || body === undefined ? {} : { body }), headers: { "idempotency-replayed": "true" } }
}

/** `filter[stores][]=a` and `filter[stores]=a` are the same parameter. */
function withoutBrackets(query: unknown): unknown {
  if (typeof query !== "object" || query === null) return query
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name.replace(/\[\]$/, ""), value]))
}

function rawBodyOf(request: FastifyRequest): string {
  const raw: unknown = (request as { rawBody?: unknown }).rawBody
  return typeof raw === "string" ? raw : ""
}

/** A client may send back whole what it has read of a resource that it changes; what happens to one (a return, a receipt) has no such document. */
function echoesOf({ method, path, answers }: Operation): z.ZodType | undefined {
  return method === "PATCH" && path.endsWith("}") ? (answers[200] ?? answers[201] ?? undefined) : undefined
}

/** The published API calls wrong input 422 in some operations and 400 in others. */
function asDocumented(refusal: Refusal, { refuses }: Operation): Refusal {
  if (refusal.status !== 422 || refuses.includes(422) || !refuses.includes(400)) return refusal
  const [first, ...others] = refusal.problems.map((problem) => ({ ...problem, status: 400 }))
  return first === undefined ? refusal : new Refusal([first, ...others], { cause: refusal })
}
