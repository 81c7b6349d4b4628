// Taking, finding, listing and summing payments.
import type { Fleet } from "@florist/kit/fleet"
import { instant, positiveId, read, uuid } from "@florist/kit/input"
import { notFound } from "@florist/kit/refusal"
import type { FastifyInstance } from "fastify"
import { z } from "zod"
import { paymentRequest } from "./payment.ts"
import { findPayment, latestPayments, takePayment } from "./payment-store.ts"
import { place, placeText, theEnd } from "./place.ts"
import { summaryOf } from "./summary.ts"

const ofShop = z.object({ shop: positiveId })
const idInPath = z.object({ id: uuid })
const sinceMoment = ofShop.extend({ since: instant.default(() => new Date(Date.now() - 30 * 86_400_000)) })

const listing = ofShop.extend({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  before: place.default(theEnd),
})

export function addPaymentRoutes(app: FastifyInstance, fleet: Fleet): void {
  app.post("/api/v1/payments", async (request, reply) => {
    const asked = read(paymentRequest, request.body, "body")
    const { database } = await fleet.shop(asked.shop)
    const { payment, isNew } = await takePayment(database, asked, new Date())
    return reply.code(isNew ? 201 : 200).send(payment)
  })

  app.get("/api/v1/payments", async (request) => {
    const { shop, limit, before } = read(listing, request.query, "query")
    const { database } = await fleet.shop(shop)
    const payments = await latestPayments(database, shop, before, limit)
    const last = payments.length === limit ? payments.at(-1) : undefined
    return { payments, next: last === undefined ? null : placeText(last) }
  })

  app.get("/api/v1/payments/summary", async (request) => {
    const { shop, since } = read(sinceMoment, request.query, "query")
    const { database } = await fleet.shop(shop)
    return { shop, since, currency: "RUB", ...(await summaryOf(database, shop, since)) }
  })

  app.get("/api/v1/payments/:id", async (request) => {
    const { shop } = read(ofShop, request.query, "query")
    const { id } = read(idInPath, request.params, "path")
    const { database } = await fleet.shop(shop)
    const payment = await findPayment(database, shop, id)
    if (payment === undefined) throw notFound(`payment ${id} in shop ${shop}`, "path.id")
    return payment
  })
}
