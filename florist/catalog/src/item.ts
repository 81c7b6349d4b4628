// An item that is sold, or a service: what comes in, the row, the resource. The published names, and beside them what freshness and reordering need.
import { manyOut, moment, oneOut, reference, referencesTo, resource, resourceOut, toMany, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { text, title, uuid } from "@florist/kit/input"
import { toRoubles } from "@florist/kit/money"
import { quantity, quantityOut, toUnits } from "@florist/kit/quantity"
import { categoryType, itemType } from "@florist/kit/contracts/catalog"
import { z } from "zod"
import { barcodeTypes, isBarcode, typeOf } from "./barcode.ts"
import { groupId, measureId } from "./group.ts"

export const barcodeResourceType = "inventory-barcodes"
export const vendorCodeType = "inventory-vendor-codes"

const kind = z.enum(["item", "service"])
const attributes = z
  .object({
    title: title(300),
    description: text(5_000).nullable(),
    itemType: kind,
    fractional: z.boolean(),
    public: z.boolean(),
    globalId: text(100).nullable(),
    /** Days that a received batch stays fresh. */
    freshForDays: z.number().int().min(1).max(3_650).nullable(),
    /** Units below which it is to be ordered again. */
    minimumBalance: quantity.nullable(),
  })
  .partial()

/** `spawn` without a code: the shop makes one of its own. */
const barcodeIn = z
  .object({
    id: uuid.optional(),
    type: z.string().optional(),
    attributes: z.object({
      barcode: z.string().max(20).optional(),
      barcodeType: z.enum(barcodeTypes).optional(),
      spawn: z.boolean().optional(),
    }),
  })
  .transform(({ id, attributes: { barcode, barcodeType, spawn = false } }, context) => {
    if (barcode === undefined && spawn) return { id, barcode: undefined, type: "ean13" as const }
    const type = barcodeType ?? typeOf(barcode ?? "")
    if (barcode !== undefined && type !== undefined && isBarcode(barcode, type)) return { id, barcode, type }
    context.addIssue({
      code: "custom",
      path: ["attributes", "barcode"],
      message: "must be an EAN-13, EAN-8 or UPC with its right check digit",
    })
    return z.NEVER
  })
const vendorCodeIn = z
  .object({ id: uuid.optional(), type: z.string().optional(), attributes: z.object({ vendorCode: title(100) }) })
  .transform(({ id, attributes }) => ({ id, vendorCode: attributes.vendorCode }))

const several = <T extends z.ZodType>(one: T) => z.object({ data: z.array(one).max(50) }).transform(({ data }) => data as z.output<T>[])
const relationships = z
  .object({
    barcodes: several(barcodeIn),
    category: toOne(),
    group: toOne(groupId),
    images: toMany(),
    logo: toOne(),
    measure: toOne(measureId),
    vendorCodes: several(vendorCodeIn),
    vendors: toMany(z.coerce.number().int().min(1).max(2_147_483_647)),
  })
  .partial()
  .optional()

const bodyOf = <A extends z.ZodType>(attributes: A) =>
  z
    .object({ data: z.object({ type: z.literal(itemType).optional(), id: uuid.optional(), attributes, relationships }) })
    .transform(({ data }) => ({
      id: data.id,
      attributes: (data as { attributes: z.output<A> }).attributes,
      relationships: data.relationships ?? {},
    }))

export const newItem = bodyOf(z.object({ ...attributes.shape, title: title(300) }))
export const changedItem = bodyOf(z.object({ ...attributes.shape, revision: z.number().int().optional() }).default({}))
export type NewItem = z.output<typeof newItem>
export type ChangedItem = z.output<typeof changedItem>

const published = z
  .object({ type: z.string().optional(), id: uuid, attributes: z.object({ public: z.boolean() }) })
  .transform(({ id, attributes }) => ({ id, isPublic: attributes.public }))
/** The published schema has one item, its example a list. */
export const bulkChange = z
  .object({ data: z.union([published.transform((one) => [one]), z.array(published).min(1).max(200)]) })
  .transform(({ data }) => data)

export const itemOut = resourceOut(
  itemType,
  {
    title: z.string(),
    description: z.string().nullable(),
    itemType: kind,
    globalId: z.string().nullable(),
    added: z.boolean().nullable(),
    updatedAt: z.string(),
    public: z.boolean(),
    fractional: z.boolean(),
    priceMin: z.number(),
    priceMax: z.number(),
    freshForDays: z.int().nullable(),
    minimumBalance: quantityOut.nullable(),
    deleted: z.boolean(),
    revision: z.number(),
  },
  {
    barcodes: manyOut,
    category: oneOut,
    group: oneOut,
    images: manyOut,
    logo: oneOut,
    measure: oneOut,
    vendorCodes: manyOut,
    vendors: manyOut,
  },
)

export const itemColumns = [
  "id",
  "title",
  "description",
  "item_type",
  "fractional",
  "public",
  "deleted",
  "global_id",
  "category_id",
  "group_id",
  "measure_id",
  "logo_id",
  "image_ids",
  "vendor_ids",
  "fresh_for_days",
  "minimum_balance",
  "price_min",
  "price_max",
  "active_points",
  "content_hash",
  "updated_at",
  "revision",
]

export function itemResource(row: Row): Resource {
  return resource(
    itemType,
    String(row.id),
    {
      title: String(row.title),
      description: row.description ?? null,
      itemType: String(row.item_type),
      globalId: row.global_id ?? null,
      added: row.global_id === null ? null : true,
      updatedAt: moment(row.updated_at),
      public: row.public === true,
      fractional: row.fractional === true,
      priceMin: toRoubles(Number(row.price_min ?? 0)),
      priceMax: toRoubles(Number(row.price_max ?? 0)),
      freshForDays: row.fresh_for_days ?? null,
      minimumBalance: row.minimum_balance === null ? null : toUnits(Number(row.minimum_balance)),
      deleted: row.deleted === true,
      revision: Number(row.revision),
    },
    {
      group: reference("inventory-groups", String(row.group_id)),
      category: reference(categoryType, row.category_id),
      measure: reference("measures", row.measure_id),
      logo: reference("images", row.logo_id),
      images: referencesTo("images", row.image_ids as string[]),
      barcodes: referencesTo(barcodeResourceType, row.barcode_ids as string[]),
      vendorCodes: referencesTo(vendorCodeType, row.vendor_code_ids as string[]),
      vendors: referencesTo("vendors", (row.vendor_ids as number[]).map(String)),
    },
  )
}

/** As the catalog shows it: in short, with the range of its prices. */
export const catalogItemResource = (row: Row): Resource => ({
  type: "catalog-items",
  id: `item-${String(row.id)}`,
  attributes: {
    itemId: String(row.id),
    itemType: String(row.item_type),
    title: String(row.title),
    globalId: row.global_id ?? null,
    activePoints: Number(row.active_points),
    minPrice: toRoubles(Number(row.price_min ?? 0)),
    maxPrice: toRoubles(Number(row.price_max ?? 0)),
    updatedAt: moment(row.updated_at),
    public: row.public === true,
    fractional: row.fractional === true,
    revision: Number(row.revision),
  },
  relationships: { category: reference(categoryType, row.category_id), logo: reference("images", row.logo_id) },
})

export const catalogItemOut = resourceOut(
  "catalog-items",
  {
    itemId: z.string(),
    itemType: kind,
    title: z.string(),
    globalId: z.string().nullable(),
    activePoints: z.int(),
    minPrice: z.number(),
    maxPrice: z.number(),
    updatedAt: z.string(),
    public: z.boolean(),
    fractional: z.boolean(),
    revision: z.number(),
  },
  { category: oneOut, logo: oneOut },
)
