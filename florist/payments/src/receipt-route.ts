// The picture of a receipt, streamed: its hash and size are kept. It may come before its payment, from a register that was offline.
import { createHash } from "node:crypto"
import type { Readable } from "node:stream"
import type { FastifyInstance } from "fastify"
import { z } from "zod"
import type { Surroundings } from "@florist/kit/app"
import { read, uuid } from "@florist/kit/input"
import { Refusal, invalid, tooLarge } from "@florist/kit/refusal"
import { listenerOf } from "./stream-session.ts"

export const receiptColumns = ["shop_id", "payment_id", "sha256", "bytes"]

const largestReceipt = 5 * 1024 * 1024
const ofPayment = z.object({ payment: uuid })
const insertReceipt = `INSERT INTO payments.receipt (${receiptColumns.join(", ")}) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`

/** In a scope of its own, because it takes bodies of every type as they come. */
export function addReceipts(scope: FastifyInstance, surroundings: Surroundings): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser("*", (_request, _body, done) => done(null))

  scope.post("/api/v1/payments/receipts", async (request, reply) => {
    const { shop } = await listenerOf(surroundings, request)
    const { payment } = read(ofPayment, request.query, "query")
    const { sha256, bytes } = await digestOf(request.raw).catch((refusal: unknown) => {
      // The rest of the picture is not waited for.
      reply.header("connection", "close")
      throw refusal
    })
    await shop.write((tx) => tx.query(insertReceipt, [tx.shop, payment, sha256, bytes]))
    return reply.code(201).send({ sha256, bytes })
  })
}

/** @throws Refusal for a picture that is empty, too large, or breaks off. */
async function digestOf(body: Readable): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256")
  let bytes = 0
  try {
    // The connection outlives a refusal, so that the refusal can be sent.
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > largestReceipt) throw tooLarge(`A receipt's picture has at most ${largestReceipt} bytes.`)
      hash.update(chunk)
    }
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    throw new Refusal(
      [{ status: 400, code: "broken-off", title: "Broken off", detail: "The picture broke off.", source: { pointer: "" } }],
      { cause },
    )
  }
  if (bytes === 0) throw invalid("The picture is empty.", { pointer: "" })
  return { sha256: hash.digest("hex"), bytes }
}
