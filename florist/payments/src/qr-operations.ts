// Payments by QR code: making one, looking at it with its picture, cancelling it, telling of an EMVCo one, and what the bank calls.
import { readCallback, signatureHeader, verifyCallback } from "@florist/bank/sbp-client"
import type { Callback } from "@florist/bank/sbp-client"
import { z } from "zod"
import type { Surroundings } from "@florist/kit/app"
import { documentOut, pageMetaOut } from "@florist/kit/document"
import type { OpenShop } from "@florist/kit/fleet"
import { uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { flowOperation, ok, publicOperation, readOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, forbidden, invalid, notFound } from "@florist/kit/refusal"
import { everyone, selling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import { requestedId } from "./derived-id.ts"
import { merchantOf, shopOfMerchant } from "./merchant.ts"
import { idTaken } from "./id-taken.ts"
import { findMoney, inStores } from "./money-rows.ts"
import { takenMethods } from "./payment-store.ts"
import { applyEvidence, findQr, refundOfSuspense } from "./qr-evidence.ts"
import type { Evidence } from "./qr-evidence.ts"
import { cancelQr, confirmQr, intendQr, registerQr } from "./qr-flow.ts"
import { qrColumns, qrIn, qrOf, qrOut, qrResource } from "./qr-payment.ts"
import type { QrPayment } from "./qr-payment.ts"
import { qrStates } from "./qr-state.ts"
import { lockSale, sees, withSale } from "./sale.ts"
import { carryOutRefund } from "./refund-flow.ts"
import { checkSeen } from "./seen-order.ts"
import { checkDue } from "./take-money.ts"

const tag = "QR payments"
const one = documentOut(qrOut)
const byId = z.object({ id: uuid })

export const qrOperations = (surroundings: Surroundings): readonly Operation[] => [
  flowOperation({
    id: "createQrPayment",
    method: "POST",
    path: "/v1/orders/{id}/qr-payments",
    tag,
    summary: "Make a QR code by which an order is paid",
    access: selling,
    params: byId,
    body: qrIn,
    answers: { 201: one },
    refuses: [400, 404, 409, 422],
    async handle({ shop, params, body, session, now, key, signal }) {
      if (!takenMethods.includes("qr")) throw invalid("Payments by QR code are not taken yet.", { pointer: "/data" }, "method-not-taken")
      const id = requestedId(shop.id, "qr", { id: body.id, key })
      const { kind, expiresIn } = body.attributes
      const qr = await withSale(shop, surroundings.peers, params.id, async (tx) => {
        const sale = await lockSale(tx, params.id, session)
        const known = await findQr(tx, id)
        if (known !== undefined) return sameQr(known, { saleId: sale.id, kind, amount: body.attributes.amount ?? known.amount })
        if ((await findMoney(tx, id)) !== undefined) throw idTaken(id)
        checkSeen(sale, body.attributes)
        const amount = body.attributes.amount ?? sale.due
        checkDue(sale, { method: "qr", amount: Math.max(1, amount) })
        await intendQr(tx, {
          id,
          saleId: sale.id,
          storeId: sale.storeId,
          kind,
          amount,
          workerId: session.worker,
          shiftId: body.relationships?.shift ?? null,
          createdAt: now,
          expiresAt: new Date(now.getTime() + expiresIn * 1_000),
        })
        return findQr(tx, id)
      })
      return { status: 201, body: { data: qrResource(await registerQr({ surroundings, shop, signal }, seen(qr, id, session))) } }
    },
  }),

  readOperation({
    id: "listQrPayments",
    method: "GET",
    path: "/v1/qr-payments",
    tag,
    summary: "List payments by QR code, the newest first",
    access: selling,
    query: z.object({ ...pageQuery, "filter[order]": uuid.optional(), "filter[status]": z.enum(qrStates).optional() }),
    answers: { 200: documentOut(z.array(qrOut), pageMetaOut) },
    refuses: [400],
    async handle({ shop, query, session }) {
      const page = await list(shop, {
        from: "payments.qr_payment",
        columns: qrColumns.slice(1).join(", "),
        conditions: [where("sale_id = ?", query["filter[order]"]), where("state = ?", query["filter[status]"]), inStores(session.stores)],
        order: {
          columns: [
            { name: "created_at", type: "timestamptz" },
            { name: "id", type: "uuid" },
          ],
          direction: "DESC",
        },
        query,
      })
      const data = page.rows.map((row) => qrResource(qrOf(row)))
      return ok({ data, meta: page.meta, links: pageLinks("/v1/qr-payments", page) })
    },
  }),

  readOperation({
    id: "getQrPayment",
    method: "GET",
    path: "/v1/qr-payments/{id}",
    tag,
    summary: "A payment by QR code, with its payload and picture (SVG)",
    access: everyone,
    params: byId,
    answers: { 200: one },
    refuses: [404],
    async handle({ shop, params, session }) {
      return ok({ data: qrResource(seen(await findQr(shop, params.id), params.id, session)) })
    },
  }),

  flowOperation({
    id: "cancelQrPayment",
    method: "POST",
    path: "/v1/qr-payments/{id}/cancel",
    tag,
    summary: "Cancel a QR code that nobody has paid by",
    access: selling,
    params: byId,
    answers: { 200: one },
    refuses: [404, 409, 422],
    async handle({ shop, params, session, now, signal }) {
      const qr = seen(await findQr(shop, params.id), params.id, session)
      return ok({ data: qrResource(await cancelQr({ surroundings, shop, signal }, qr, now)) })
    },
  }),

  flowOperation({
    id: "confirmQrPayment",
    method: "POST",
    path: "/v1/qr-payments/{id}/confirm",
    tag,
    summary: "Tell that the money of an EMVCo code has come",
    access: selling,
    params: byId,
    answers: { 200: one },
    refuses: [404, 422],
    async handle({ shop, params, session, now, signal }) {
      const qr = seen(await findQr(shop, params.id), params.id, session)
      return ok({ data: qrResource(await confirmQr({ surroundings, shop, signal }, qr, now)) })
    },
  }),

  publicOperation({
    id: "receiveBankCallback",
    method: "POST",
    path: "/v1/payments/bank-callbacks",
    tag,
    summary: "The bank tells of a payment; signed with the merchant's secret",
    access: "public",
    unknown: "ignored",
    body: z.looseObject({ sbpMerchantId: z.string().max(20), order: z.string().max(40) }),
    answers: { 200: z.object({ meta: z.object({ accepted: z.boolean() }) }) },
    refuses: [400, 403, 404],
    async handle({ body, headers, rawBody, now, log, signal }) {
      const shopId = shopOfMerchant(body.sbpMerchantId)
      const signature = headers[signatureHeader]
      const isGenuine =
        shopId !== undefined &&
        verifyCallback(merchantOf(surroundings.secret, shopId).secretKey, rawBody, typeof signature === "string" ? signature : undefined)
      if (!isGenuine) throw forbidden("The signature is not that of the merchant's bank.")
      const callback = parsedCallback(rawBody)
      const shop = await surroundings.fleet.shop(shopId)
      const qr = await applyCallback(shop, callback, now)
      if (qr === undefined) throw notFound(`QR payment ${callback.order}`, { pointer: "/order" })
      // Money that has no order goes back at once; where the bank does not answer, the agenda sees to it.
      if (qr.received > 0 && !qr.applied && qr.refunded === 0) {
        await carryOutRefund(surroundings, shop, refundOfSuspense(qr.id), signal).catch((cause: unknown) =>
          log.warn({ err: cause }, "a refund is under way"),
        )
      }
      return ok({ meta: { accepted: true } })
    },
  }),
]

/** The order is what the signature attests: it is our own id of the code. */
function applyCallback(shop: OpenShop, { order, status, amount, at, transactionId }: Callback, now: Date): Promise<QrPayment | undefined> {
  const qrId = uuid.safeParse(order)
  if (!qrId.success) return Promise.resolve(undefined)
  const evidence = evidenceOf({ status, amount, at, transactionId })
  if (evidence === undefined) return findQr(shop, qrId.data)
  return shop.write((tx) => applyEvidence(tx, { qrId: qrId.data, source: "callback", evidence, now }))
}

function evidenceOf({
  status,
  amount,
  at,
  transactionId,
}: Pick<Callback, "status" | "amount" | "at" | "transactionId">): Evidence | undefined {
  if (status === "SUCCESS") return { kind: "success", amount: Number(amount), transactionId: String(transactionId), at }
  return status === "DECLINED" ? { kind: "declined" } : undefined
}

function parsedCallback(rawBody: string): Callback {
  try {
    return readCallback(rawBody)
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message.slice(0, 300) : "The body cannot be read.", { pointer: "" })
  }
}

/** @throws Refusal 409 where the id stands for another code. */
function sameQr(known: QrPayment, asked: Pick<QrPayment, "saleId" | "kind" | "amount">): QrPayment {
  const isSame = (["saleId", "kind", "amount"] as const).every((field) => known[field] === asked[field])
  if (isSame) return known
  throw conflict("There is another QR payment with this id.", { pointer: "/data/id" })
}

function seen(qr: QrPayment | undefined, id: string, session: Session): QrPayment {
  if (qr === undefined || !sees(session, qr.storeId)) throw notFound(`QR payment ${id}`, { parameter: "id" })
  return qr
}
