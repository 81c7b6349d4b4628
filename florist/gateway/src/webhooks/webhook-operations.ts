// Subscribing to events: extensions of the published API. The secret is shown once, when the webhook is made.
import { randomBytes } from "node:crypto"
import { documentOut, moment, pageMetaOut, resource, resourceIn, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, noContent, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, invalid, notFound } from "@florist/kit/refusal"
import { management } from "@florist/kit/role"
import { z } from "zod"
import type { WebhooksTo } from "../gateway-config.ts"
import { objectionTo } from "./address.ts"
import { eventTypes } from "./announce.ts"

const type = "webhooks"
const tag = "Webhooks"
const most = 20

const attributesIn = z.object({
  url: z.url().max(2_000),
  events: z.array(z.enum(eventTypes)).min(1),
  status: z.enum(["on", "off"]).optional(),
})

const webhookOut = resourceOut(
  type,
  {
    url: z.string(),
    events: z.array(z.string()),
    status: z.string(),
    revision: z.int(),
    createdAt: z.string(),
    secret: z.string().optional(),
  },
  {},
)
const deliveryOut = resourceOut(
  "webhook-deliveries",
  {
    event: z.string(),
    status: z.string(),
    tries: z.int(),
    lastAnswer: z.string().nullable(),
    createdAt: z.string(),
    endedAt: z.string().nullable(),
  },
  {},
)

const idInPath = z.object({ id: uuid })
const columns = "id, url, event_types, status, revision, created_at"

export function webhookOperations(to: WebhooksTo): readonly Operation[] {
  const checkAddress = (url: string) => {
    const objection = objectionTo(new URL(url), to)
    if (objection !== undefined) throw invalid(`The URL ${objection}.`, { pointer: "/data/attributes/url" })
  }

  return [
    readOperation({
      id: "listWebhooks",
      method: "GET",
      path: "/v1/webhooks",
      tag,
      summary: "List webhooks",
      access: management,
      query: z.object(pageQuery),
      answers: { 200: documentOut(z.array(webhookOut), pageMetaOut) },
      refuses: [422],
      async handle({ shop, query }) {
        const page = await list(shop, {
          from: "gateway.webhook",
          columns,
          conditions: [where("shop_id = ?", shop.id)],
          order: { columns: [{ name: "id", type: "uuid" }], direction: "ASC" },
          query,
        })
        return ok({ data: page.rows.map(webhookOf), meta: page.meta, links: pageLinks("/webhooks", page) })
      },
    }),

    writeOperation({
      id: "createWebhook",
      method: "POST",
      path: "/v1/webhooks",
      tag,
      summary: "Be told of events: a signed POST for each, tried again for a day until it is answered 2xx",
      access: management,
      body: resourceIn(type, attributesIn, z.object({}).optional()),
      answers: { 201: documentOut(webhookOut) },
      refuses: [400, 409, 422],
      async handle({ tx, body, now }) {
        const { url, events, status = "on" } = body.attributes
        checkAddress(url)
        const [count] = await tx.query("SELECT count(*) AS n FROM gateway.webhook WHERE shop_id = $1", [tx.shop])
        if (Number(count?.n) >= most)
          throw conflict(`A shop has at most ${most} webhooks; delete one first.`, { pointer: "/data" }, "too-many")
        const id = body.id ?? newId()
        const secret = randomBytes(32).toString("base64url")
        const [row] = await tx.query(
          `INSERT INTO gateway.webhook (shop_id, id, url, event_types, secret, status, revision, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT DO NOTHING RETURNING ${columns}`,
          [tx.shop, id, url, events, secret, status, await tx.revision(), now],
        )
        if (row === undefined) throw conflict(`Webhook ${id} is there already; a new one needs a new id.`, { pointer: "/data/id" })
        const made = webhookOf(row)
        return created({ data: { ...made, attributes: { ...made.attributes, secret } } })
      },
    }),

    writeOperation({
      id: "updateWebhook",
      method: "PATCH",
      path: "/v1/webhooks/{id}",
      tag,
      summary: "Change a webhook, or switch it on and off",
      access: management,
      params: idInPath,
      body: resourceIn(type, attributesIn.partial(), z.object({}).optional()),
      answers: { 200: documentOut(webhookOut) },
      refuses: [400, 404, 422],
      async handle({ tx, params, body }) {
        const { url, events, status } = body.attributes
        if (url !== undefined) checkAddress(url)
        const [row] = await tx.query(
          `UPDATE gateway.webhook SET url = coalesce($3, url), event_types = coalesce($4, event_types), status = coalesce($5, status), revision = $6
           WHERE shop_id = $1 AND id = $2 RETURNING ${columns}`,
          [tx.shop, params.id, url ?? null, events ?? null, status ?? null, await tx.revision()],
        )
        if (row === undefined) throw notFound(`webhook ${params.id}`, { parameter: "id" })
        return ok({ data: webhookOf(row) })
      },
    }),

    writeOperation({
      id: "deleteWebhook",
      method: "DELETE",
      path: "/v1/webhooks/{id}",
      tag,
      summary: "Delete a webhook and what was still to be told",
      access: management,
      params: idInPath,
      answers: { 204: null },
      refuses: [404],
      async handle({ tx, params }) {
        const gone = await tx.query("DELETE FROM gateway.webhook WHERE shop_id = $1 AND id = $2 RETURNING id", [tx.shop, params.id])
        if (gone.length === 0) throw notFound(`webhook ${params.id}`, { parameter: "id" })
        await tx.query("DELETE FROM gateway.webhook_due WHERE shop_id = $1 AND webhook_id = $2", [tx.shop, params.id])
        return noContent
      },
    }),

    readOperation({
      id: "listWebhookDeliveries",
      method: "GET",
      path: "/v1/webhooks/{id}/deliveries",
      tag,
      summary: "What a webhook was told, newest first, and how it answered",
      access: management,
      params: idInPath,
      query: z.object(pageQuery),
      answers: { 200: documentOut(z.array(deliveryOut), pageMetaOut) },
      refuses: [422],
      async handle({ shop, params, query }) {
        const page = await list(shop, {
          from: "gateway.webhook_delivery",
          columns: "event_id, event_type, status, tries, last_answer, created_at, ended_at",
          conditions: [where("shop_id = ?", shop.id), where("webhook_id = ?", params.id)],
          order: {
            columns: [
              { name: "created_at", type: "timestamptz" },
              { name: "event_id", type: "uuid" },
            ],
            direction: "DESC",
          },
          query,
        })
        return ok({ data: page.rows.map(deliveryOf), meta: page.meta, links: pageLinks(`/webhooks/${params.id}/deliveries`, page) })
      },
    }),
  ]
}

function webhookOf(row: Row): Resource {
  const { url, event_types, status, revision, created_at } = row
  return resource(type, String(row.id), { url, events: event_types, status, revision: Number(revision), createdAt: moment(created_at) })
}

function deliveryOf(row: Row): Resource {
  const { event_type, status, tries, last_answer, created_at, ended_at } = row
  return resource("webhook-deliveries", String(row.event_id), {
    event: event_type,
    status,
    tries,
    lastAnswer: last_answer,
    createdAt: moment(created_at),
    endedAt: moment(ended_at),
  })
}
