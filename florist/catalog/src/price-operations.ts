// The operations on prices.
import { documentOut, moment, resourceOut } from "@florist/kit/document"
import { instant, uuid } from "@florist/kit/input"
import { toRoubles } from "@florist/kit/money"
import { ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { forbidden, invalid, notFound } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import { z } from "zod"
import { findItem, wholeShop } from "./item-store.ts"
import { onePrice, priceId, priceOut, priceResource, severalPrices, switchedPrice } from "./price.ts"
import { priceDynamics, pricesOf, setPrices } from "./price-store.ts"

const tag = "Inventory Items API"
const byId = z.object({ id: uuid })
const dayMs = 86_400_000
const mostSteps = 400
const stepDays = { year: 365, month: 30, week: 7, day: 1 } as const
/** What is shown where the client names no period. */
const standardSteps = 6

export const priceOperations: readonly Operation[] = [
  readOperation({
    id: "ListInventoryItemPrices",
    method: "GET",
    path: "/v1/inventory-items/{id}/prices",
    tag,
    summary: "List an item's prices, by store",
    access: everyone,
    params: byId,
    answers: { 200: documentOut(z.array(priceOut)) },
    refuses: [404, 422],
    async handle({ shop, params }) {
      const [, rows] = await Promise.all([findItem(shop, shop.id, params.id), pricesOf(shop, shop.id, params.id)])
      return ok({ data: rows.map(priceResource), meta: { total: rows.length } })
    },
  }),
  writeOperation({
    id: "setPrice",
    method: "POST",
    path: "/v1/inventory-items/{id}/prices",
    tag,
    summary: "Set an item's price at a store, or in the whole shop",
    access: management,
    params: byId,
    body: onePrice,
    answers: { 200: documentOut(priceOut) },
    refuses: [400, 404, 422],
    async handle({ tx, params, body, session, now }) {
      assertWorksIn(session, [body.store])
      const [row = {}] = await setPrices(tx, params.id, [body], { by: session.worker, now })
      return ok({ data: priceResource(row) })
    },
  }),
  writeOperation({
    id: "switchPrice",
    method: "PATCH",
    path: "/v1/inventory-items/{id}/prices",
    tag,
    summary: "Switch an item's price on or off",
    access: management,
    params: byId,
    body: switchedPrice,
    answers: { 200: documentOut(priceOut) },
    refuses: [400, 404, 422],
    async handle({ tx, params, body, session, now }) {
      const { item = params.id, store } = body.id
      if (item !== params.id) throw invalid(`This price is of item ${item}, not of ${params.id}.`, { pointer: "/data/id" })
      assertWorksIn(session, [store])
      const change = { store, price: undefined, status: body.status }
      const [row = {}] = await setPrices(tx, params.id, [change], { by: session.worker, now })
      return ok({ data: priceResource(row) })
    },
  }),
  writeOperation({
    id: "setPriceBulk",
    method: "POST",
    path: "/v1/inventory-items/{id}/bulk-prices",
    tag,
    summary: "Set an item's prices at several stores",
    access: management,
    params: byId,
    body: severalPrices,
    answers: { 200: documentOut(z.array(priceOut)) },
    refuses: [400, 404, 422],
    async handle({ tx, params, body, session, now }) {
      assertWorksIn(
        session,
        body.map(({ store }) => store),
      )
      const rows = await setPrices(tx, params.id, body, { by: session.worker, now })
      return ok({ data: rows.map(priceResource) })
    },
  }),
  readOperation({
    id: "PriceDynamics",
    method: "GET",
    path: "/v1/inventory-items/{id}/price-dynamics/{price}",
    tag,
    summary: "How a price went over time, with what was paid and what it cost",
    access: everyone,
    params: z.object({ id: uuid, price: priceId }),
    query: z.object({
      "filter[sold][startDate]": instant.optional(),
      "filter[sold][endDate]": instant.optional(),
      "filter[format]": z.enum(["year", "month", "week", "day"]).default("week"),
    }),
    answers: {
      200: documentOut(
        z.array(resourceOut("item-price-ratio", { date: z.string(), price: z.number(), sellingPrice: z.number(), cost: z.number() }, {})),
        { price: z.number(), cost: z.number(), format: z.string() },
      ),
    },
    refuses: [400, 404],
    async handle({ shop, params, query, now }) {
      const { item = params.id, store } = params.price
      if (item !== params.id) throw notFound(`price ${item}-${store} of item ${params.id}`, { parameter: "price" })
      const step = query["filter[format]"]
      const to = query["filter[sold][endDate]"] ?? now
      const from = query["filter[sold][startDate]"] ?? new Date(to.getTime() - standardSteps * stepDays[step] * dayMs)
      assertPeriod(from, to, step)
      const [, rows, [current]] = await Promise.all([
        findItem(shop, shop.id, params.id),
        priceDynamics(shop, shop.id, { item, store, from, to, step }),
        pricesOf(shop, shop.id, params.id, [store]),
      ])
      const data = rows.map((row, n) => ({
        type: "item-price-ratio",
        id: String(n + 1),
        attributes: {
          date: moment(row.at),
          price: toRoubles(Number(row.price ?? 0)),
          sellingPrice: toRoubles(Number(row.selling_price ?? 0)),
          cost: toRoubles(Number(row.cost ?? 0)),
        },
      }))
      const shown = current === undefined ? { price: 0, cost: 0 } : priceResource(current).attributes
      return ok({ data, meta: { price: shown.price, cost: shown.cost, format: step } })
    },
  }),
]

function assertPeriod(from: Date, to: Date, step: keyof typeof stepDays): void {
  const parameter = "filter[sold][endDate]"
  if (to <= from) throw invalid("The end lies after the start.", { parameter })
  if ((to.getTime() - from.getTime()) / dayMs / stepDays[step] > mostSteps) {
    throw invalid(`The period has more than ${mostSteps} steps; choose a longer format or a shorter period.`, { parameter })
  }
}

function assertWorksIn({ stores }: Session, asked: readonly string[]): void {
  const other = stores === undefined ? undefined : asked.find((store) => !stores.includes(store))
  if (other === wholeShop) throw forbidden("Whoever sets a price for the whole shop works in all its stores; this session works in some.")
  if (other !== undefined) throw forbidden(`This session does not work in store ${other}.`)
}
