// The latest payments of a shop as an event stream: first those that are there, then each new one, and a heartbeat between.
import type { Fleet } from "@florist/kit/fleet"
import { positiveId, read } from "@florist/kit/input"
import type { FastifyInstance } from "fastify"
import { z } from "zod"
import type { LatestPayments } from "./latest-payments.ts"
import type { Payment } from "./payment.ts"
import { latestPayments } from "./payment-store.ts"
import { theEnd } from "./place.ts"

const ofShop = z.object({ shop: positiveId })
const atFirst = 10
const reconnectAfterMs = 2_000
const heartbeatEveryMs = 5_000

export function addFeed(app: FastifyInstance, fleet: Fleet, latest: LatestPayments): void {
  app.get("/api/v1/payments/feed", async (request, reply) => {
    const shop = await fleet.shop(read(ofShop, request.query, "query").shop)
    const payments = await latestPayments(shop.database, shop.id, theEnd, atFirst)

    reply.hijack()
    const stream = reply.raw
    stream.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" })
    stream.write(`retry: ${reconnectAfterMs}\n\n`)
    for (const payment of payments.toReversed()) stream.write(eventOf(payment))

    const heartbeat = setInterval(() => stream.write(`event: heartbeat\ndata: ${JSON.stringify({ at: new Date() })}\n\n`), heartbeatEveryMs)
    const stopListening = latest.listen(
      shop,
      (payment) => stream.write(eventOf(payment)),
      () => stream.end(),
    )
    stream.once("close", () => {
      clearInterval(heartbeat)
      stopListening()
    })
  })
}

function eventOf(payment: Payment): string {
  return `event: payment\nid: ${payment.id}\ndata: ${JSON.stringify(payment)}\n\n`
}
