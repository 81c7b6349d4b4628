// The link of a card terminal: a WebSocket that answers pings and tells the terminal what was paid.
import type { WebSocket } from "@fastify/websocket"
import type { FastifyInstance, FastifyRequest } from "fastify"
import { z } from "zod"
import type { Surroundings } from "@florist/kit/app"
import type { LatestPayments } from "./latest-payments.ts"
import { paymentResource } from "./payment-resource.ts"
import { sees } from "./sale.ts"
import { listenerOf } from "./stream-session.ts"
import type { Listening } from "./stream-session.ts"

const ping = z.object({ type: z.literal("ping"), n: z.number() })
/** "Going away", as RFC 6455 calls a server that ends. */
const goingAway = 1001

export function addTerminal(scope: FastifyInstance, surroundings: Surroundings, latest: LatestPayments): void {
  const listeners = new WeakMap<FastifyRequest, Listening>()

  scope.get(
    "/api/v1/payments/terminal",
    {
      websocket: true,
      // Before the upgrade, so that who is not signed in is refused by an HTTP answer.
      preValidation: async (request) => {
        listeners.set(request, await listenerOf(surroundings, request))
      },
    },
    (socket, request) => {
      const listening = listeners.get(request)
      if (listening === undefined) return socket.close()
      const { shop, session } = listening
      const send = (message: object) => socket.send(JSON.stringify(message))
      socket.on("message", (data) => send(answerTo(data)))
      // A broken link closes; the terminal connects again.
      socket.on("error", () => socket.terminate())
      const stopListening = latest.listen(
        shop,
        (payment) => {
          if (sees(session, payment.storeId)) send({ type: "payment", payment: paymentResource(shop.id, payment) })
        },
        () => end(socket),
      )
      socket.once("close", stopListening)
      send({ type: "hello", version: surroundings.identity.version })
    },
  )
}

function end(socket: WebSocket): void {
  socket.close(goingAway, "the service ends; connect again")
}

function answerTo(data: unknown): object {
  const message = ping.safeParse(parsed(data))
  return message.success ? { type: "pong", n: message.data.n } : { type: "error", detail: 'send {"type":"ping","n":1}' }
}

function parsed(data: unknown): unknown {
  try {
    return Buffer.isBuffer(data) ? JSON.parse(data.toString()) : undefined
  } catch {
    return undefined
  }
}
