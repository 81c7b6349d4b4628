// The latest payments of a shop as an event stream: first those that are there, then each new one, and a heartbeat between.
import type { FastifyInstance } from "fastify"
import type { Surroundings } from "@florist/kit/app"
import type { LatestPayments } from "./latest-payments.ts"
import { latestMoney } from "./money-rows.ts"
import { paymentResource } from "./payment-resource.ts"
import type { Payment } from "./payment.ts"
import { sees } from "./sale.ts"
import { listenerOf } from "./stream-session.ts"

const atFirst = 10
const reconnectAfterMs = 2_000
const heartbeatEveryMs = 5_000

export function addFeed(app: FastifyInstance, surroundings: Surroundings, latest: LatestPayments): void {
  app.get("/api/v1/payments/feed", async (request, reply) => {
    const { shop, session } = await listenerOf(surroundings, request)
    const payments = await latestMoney(shop, atFirst, session.stores)

    reply.hijack()
    const stream = reply.raw
    const tell = (payment: Payment) => stream.write(eventOf(shop.id, payment))
    stream.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" })
    stream.write(`retry: ${reconnectAfterMs}\n\n`)
    for (const payment of payments.toReversed()) tell(payment)

    const heartbeat = setInterval(() => stream.write(`event: heartbeat\ndata: ${JSON.stringify({ at: new Date() })}\n\n`), heartbeatEveryMs)
    const stopListening = latest.listen(
      shop,
      (payment) => {
        if (sees(session, payment.storeId)) tell(payment)
      },
      () => stream.end(),
    )
    stream.once("close", () => {
      clearInterval(heartbeat)
      stopListening()
    })
  })
}

function eventOf(shop: number, payment: Payment): string {
  return `event: payment\nid: ${payment.id}\ndata: ${JSON.stringify(paymentResource(shop, payment))}\n\n`
}
