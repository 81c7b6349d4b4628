// Acts as clients write and read them: the published form of a transfer, which the other kinds share. Called by the acts' operations.
import { moment, oneOut, reference, resource, resourceOut, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { day, instant, int, text, uuid } from "@florist/kit/input"
import { roubles, roublesOut, toRoubles } from "@florist/kit/money"
import { quantity, toUnits } from "@florist/kit/quantity"
import { z } from "zod"
import { publicIdOf } from "./act.ts"
import type { Act, ActKind, ActLine } from "./act.ts"

const typeOf: Readonly<Record<ActKind, string>> = {
  receipt: "receipts",
  "write-off": "write-offs",
  transfer: "movement-acts",
  stocktake: "stocktakes",
}

/** Kopecks a unit, below which every line's amount stays exact. */
const mostPerUnit = 10_000_000_000
const mostUnits = 10_000_000

const line = z.object({
  /** Of a line that is there already. */
  id: z
    .union([
      z.number().int().positive(),
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
    ])
    .optional(),
  type: z.string().optional(),
  attributes: z
    .object({
      qty: quantity.refine((value) => value <= mostUnits, "must be at most 10,000 units").optional(),
      price: roubles.refine((value) => value <= mostPerUnit, "must be at most 100,000,000 roubles").nullish(),
      priceEnabled: z.boolean().optional(),
      /** Of a receipt: how much of qty came spoilt. */
      defectQty: quantity.optional(),
      /** Of a receipt; by the item's freshness where it is left out. */
      freshUntil: instant.nullish(),
    })
    .optional(),
  relationships: z.object({ item: toOne(), bouquet: toOne(), batch: toOne() }).optional(),
})
export type LineIn = z.output<typeof line>

const attributes = z.object({
  posted: z.boolean().optional(),
  linesCount: int.nullish(),
  date: day.optional(),
  docNo: z.string().optional(),
  amount: z.union([z.number(), z.string()]).nullish(),
  calculated: z.boolean().optional(),
  createdAt: instant.nullish(),
  postedAt: instant.nullish(),
  status: z.string().optional(),
  /** When it happened in the shop, by the client's clock; of a stocktake when it was counted. */
  occurredAt: instant.optional(),
  note: text(4_000).optional(),
  /** The supplier's own number. */
  invoiceNo: text(100).optional(),
  /** Whether batches past their freshness may be moved. */
  withExpired: z.boolean().optional(),
  revision: z.number().int().min(0).optional(),
})

const lines = z.union([z.array(line).max(500), line.transform((one) => [one])])

const relationships = z.object({
  createdBy: toOne(),
  postedBy: toOne(),
  from: toOne(),
  to: toOne(),
  store: toOne(),
  supplier: toOne(),
  purchaseOrder: toOne(),
  reason: toOne(),
  lines: z.object({ data: lines }).optional(),
})

const actId = z.union([uuid, z.number().int(), z.string().max(40)])

export const actIn = (kind: ActKind) =>
  z
    .object({
      data: z.object({
        type: z.literal(typeOf[kind]).optional(),
        /** Made by the client, but for a transfer, which is numbered. */
        id: kind === "transfer" ? actId.optional() : uuid.optional(),
        attributes: attributes.optional(),
        relationships: relationships.optional(),
      }),
    })
    .transform(({ data }) => ({
      id: kind === "transfer" ? undefined : (data.id as string | undefined),
      attributes: data.attributes ?? {},
      relationships: data.relationships ?? {},
    }))
export type ActIn = z.output<ReturnType<typeof actIn>>

const linesOut = z.object({ data: z.array(z.object({ type: z.string(), id: z.string() })) })

export const actShape = (kind: ActKind) =>
  resourceOut(
    typeOf[kind],
    {
      docNo: z.string(),
      date: z.string(),
      amount: roublesOut,
      claimAmount: roublesOut.optional(),
      linesCount: z.int(),
      createdAt: z.string(),
      occurredAt: z.string(),
      posted: z.boolean(),
      postedAt: z.string().nullable(),
      calculated: z.boolean(),
      status: z.enum(["ok", "post_error"]),
      note: z.string(),
      invoiceNo: z.string().optional(),
      withExpired: z.boolean(),
      deleted: z.boolean(),
      revision: z.int(),
    },
    {
      createdBy: oneOut,
      postedBy: oneOut,
      ...(kind === "transfer" ? { from: oneOut, to: oneOut } : { store: oneOut }),
      ...(kind === "receipt" ? { supplier: oneOut, purchaseOrder: oneOut } : {}),
      ...(kind === "write-off" ? { reason: oneOut } : {}),
      lines: linesOut.optional(),
    },
  )

/** @param withLines whether its lines were read. */
export function actResource(act: Act, withLines: "with lines" | "alone"): Resource {
  const { kind } = act
  const isReceipt = kind === "receipt"
  return resource(
    typeOf[kind],
    publicIdOf(act),
    {
      docNo: act.docNo,
      date: act.date,
      amount: toRoubles(act.amount),
      ...(isReceipt ? { claimAmount: toRoubles(act.claim), invoiceNo: act.invoiceNo } : {}),
      linesCount: act.linesCount,
      createdAt: moment(act.createdAt),
      occurredAt: moment(act.occurredAt),
      posted: act.status === "posted",
      postedAt: moment(act.postedAt),
      calculated: act.status === "posted",
      status: "ok",
      note: act.note,
      withExpired: act.withExpired,
      deleted: act.status === "deleted",
      revision: act.revision,
    },
    {
      createdBy: reference("workers", act.createdBy),
      postedBy: reference("workers", act.postedBy),
      ...(kind === "transfer"
        ? { from: reference("stores", act.storeId), to: reference("stores", act.toStoreId) }
        : { store: reference("stores", act.storeId) }),
      ...(isReceipt
        ? { supplier: reference("suppliers", act.supplierId), purchaseOrder: reference("purchase-orders", act.purchaseOrderId) }
        : {}),
      ...(kind === "write-off" ? { reason: reference("write-off-reasons", act.reasonId) } : {}),
      ...(withLines === "with lines" ? { lines: { data: act.lines.map(({ id }) => ({ type: lineTypeOf(kind), id: String(id) })) } } : {}),
    },
  )
}

const lineTypeOf = (kind: ActKind): string => `${typeOf[kind].replace(/s$/, "")}-lines`

export const lineResources = (act: Act): Resource[] => act.lines.map((each) => lineResource(act.kind, each))

function lineResource(kind: ActKind, each: ActLine): Resource {
  const { expected } = each
  return {
    type: lineTypeOf(kind),
    id: String(each.id),
    attributes: {
      qty: toUnits(each.qty),
      price: toRoubles(each.price),
      priceEnabled: each.priceEnabled,
      cost: toRoubles(each.cost),
      ...(kind === "receipt" ? { defectQty: toUnits(each.defective), freshUntil: moment(each.freshUntil) } : {}),
      ...(kind === "stocktake" && expected !== null ? { expectedQty: toUnits(expected), difference: toUnits(each.qty - expected) } : {}),
    },
    relationships: {
      item: reference("inventory-items", each.itemId),
      bouquet: reference("bouquets", each.bouquetId),
      batch: reference("stock-batches", each.batchId),
    },
  }
}
