// The link of a card terminal: a WebSocket that answers pings and tells the terminal what was paid.
import type { WebSocket } from "@fastify/websocket"
import type { Fleet, OpenShop } from "@florist/kit/fleet"
import { positiveId, read } from "@florist/kit/input"
import type { FastifyInstance, FastifyRequest } from "fastify"
import { z } from "zod"
import type { LatestPayments } from "./latest-payments.ts"

const ofShop = z.object({ shop: positiveId })
const ping = z.object({ type: z.literal("ping"), n: z.number() })
/** "Going away", as RFC 6455 calls a server that ends. */
const goingAway = 1001

export function addTerminal(scope: FastifyInstance, fleet: Fleet, latest: LatestPayments, version: string | null): void {
  const shops = new WeakMap<FastifyRequest, OpenShop>()

  scope.get(
    "/api/v1/payments/terminal",
    {
      websocket: true,
      // Before the upgrade, so that a wrong shop is refused by an HTTP answer.
      preValidation: async (request) => {
        shops.set(request, await fleet.shop(read(ofShop, request.query, "query").shop))
      },
    },
    (socket, request) => {
      const shop = shops.get(request)
      if (shop === undefined) return socket.close()
      const send = (message: object) => socket.send(JSON.stringify(message))
      socket.on("message", (data) => send(answerTo(data)))
      // A broken link closes; the terminal connects again.
      socket.on("error", () => socket.terminate())
      const stopListening = latest.listen(
        shop,
        (payment) => send({ type: "payment", payment }),
        () => end(socket),
      )
      socket.once("close", stopListening)
      send({ type: "hello", version })
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
