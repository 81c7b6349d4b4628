// Bouquets as clients write and read them. The published attributes, and beside them what it is made of, for whom and from which recipe. Called by its operations.
import { bouquetStatuses } from "@florist/kit/contracts/stock"
import { documentOut, moment, oneOut, reference, resource, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { instant, int, text, title, uuid } from "@florist/kit/input"
import { roubles, roublesOut, toRoubles } from "@florist/kit/money"
import { positiveQuantity, toUnits } from "@florist/kit/quantity"
import { z } from "zod"
import type { Bouquet } from "./bouquet.ts"

const size = int.min(0)

const component = z.object({
  id: z.string().optional(),
  type: z.string().optional(),
  attributes: z.object({ qty: positiveQuantity }),
  relationships: z.object({ item: z.object({ data: z.object({ type: z.string().optional(), id: uuid }) }) }),
})

const attributes = z.object({
  docNo: z.string().optional(),
  title: title().optional(),
  description: text(4_000).nullish(),
  height: size.nullish(),
  width: size.nullish(),
  color: text(100).nullish(),
  amount: roubles.nullish(),
  saleAmount: roubles.nullish(),
  trueSaleAmount: roubles.nullish(),
  /** Beside our own words "on" (on the showcase) and "off" (not on it). */
  status: z.enum([...bouquetStatuses, "on", "off"]).optional(),
  onWindowAt: instant.nullish(),
  createdAt: instant.nullish(),
  updatedAt: instant.nullish(),
  completedAt: instant.nullish(),
  /** When it was made or changed, by the client's clock. */
  occurredAt: instant.optional(),
  public: z.boolean().nullish(),
  discount: roubles.nullish(),
  discountType: z.enum(["absolute", "percent"]).nullish(),
  markup: roubles.nullish(),
  markupType: z.enum(["absolute", "percent"]).nullish(),
  /** Whether components past their freshness may be used. */
  withExpired: z.boolean().optional(),
  countPublicItems: int.optional(),
  deleted: z.boolean().optional(),
  path: z.array(z.string()).optional(),
  pathIds: z.array(z.string()).optional(),
  revision: z.number().int().min(0).optional(),
})

const relationships = z
  .object({
    store: toOne(),
    group: toOne(
      z.union([
        int,
        z
          .string()
          .regex(/^\d{1,9}$/)
          .transform(Number),
      ]),
    ),
    image: toOne(),
    logo: toOne(),
    specWithVar: toOne(),
    order: toOne(),
    florist: toOne(),
    createdBy: toOne(),
    updatedBy: toOne(),
    components: z.object({ data: z.array(component).max(200) }).optional(),
  })
  .optional()

const single = resourceIn("bouquets", attributes, relationships)

/** The publication shows a list of one where it means one. */
export const bouquetIn = z.union([
  single,
  z.object({ data: z.array(z.unknown()).length(1) }).transform(({ data: [one] }, context) => {
    const read = single.safeParse({ data: one })
    if (read.success) return read.data
    for (const { path, message } of read.error.issues) context.addIssue({ code: "custom", message, path: ["data", 0, ...path.slice(1)] })
    return z.NEVER
  }),
])
export type BouquetIn = z.output<typeof single>

const resourceShape = resourceOut(
  "bouquets",
  {
    docNo: z.string(),
    title: z.string(),
    height: z.int(),
    width: z.int(),
    description: z.string(),
    color: z.string(),
    amount: roublesOut,
    saleAmount: roublesOut,
    trueSaleAmount: roublesOut,
    cost: roublesOut,
    status: z.enum(bouquetStatuses),
    deleted: z.boolean(),
    countPublicItems: z.int(),
    path: z.array(z.string()),
    pathIds: z.array(z.string()),
    onWindowAt: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
    completedAt: z.string().nullable(),
    assembledAt: z.string().nullable(),
    public: z.boolean(),
    discount: z.number(),
    discountType: z.string(),
    markup: z.number(),
    markupType: z.string(),
    revision: z.int(),
  },
  {
    store: oneOut,
    createdBy: oneOut,
    updatedBy: oneOut,
    image: oneOut,
    logo: oneOut,
    specWithVar: oneOut,
    group: oneOut,
    order: oneOut,
    florist: oneOut,
    components: z.object({ data: z.array(z.object({ type: z.string(), id: z.string() })) }),
  },
)

export const bouquetOut = documentOut(resourceShape)
export const bouquetsOut = documentOut(z.array(resourceShape), {
  page: z.object({ number: z.int(), size: z.int() }),
  total: z.int(),
  pageNumber: z.int(),
  pageSize: z.int(),
  minPrice: roublesOut.nullable(),
  maxPrice: roublesOut.nullable(),
  totalAmount: roublesOut,
  revision: z.int(),
})

export function bouquetResource(bouquet: Bouquet): Resource {
  const isSold = bouquet.status === "sold"
  const components = bouquet.components.map((_, index) => ({ type: "bouquet-components", id: componentId(bouquet, index) }))
  return resource(
    "bouquets",
    bouquet.id,
    {
      docNo: bouquet.docNo,
      title: bouquet.title,
      height: bouquet.height,
      width: bouquet.width,
      description: bouquet.description,
      color: bouquet.color,
      amount: toRoubles(bouquet.amount),
      saleAmount: toRoubles(bouquet.salePrice),
      trueSaleAmount: toRoubles(bouquet.salePrice),
      cost: toRoubles(bouquet.cost),
      status: bouquet.status,
      deleted: bouquet.status === "deleted",
      countPublicItems: bouquet.isPublic ? 1 : 0,
      path: [],
      pathIds: [],
      onWindowAt: moment(bouquet.onWindowAt),
      createdAt: moment(bouquet.occurredAt),
      updatedAt: moment(bouquet.updatedAt),
      completedAt: isSold ? moment(bouquet.updatedAt) : null,
      assembledAt: moment(bouquet.assembledAt),
      public: bouquet.isPublic,
      discount: bouquet.discount / 100,
      discountType: bouquet.discountType,
      markup: bouquet.markup / 100,
      markupType: bouquet.markupType,
      revision: bouquet.revision,
    },
    {
      store: reference("stores", bouquet.storeId),
      createdBy: reference("users", bouquet.createdBy),
      updatedBy: reference("users", bouquet.updatedBy),
      image: reference("images", bouquet.imageId),
      logo: reference("images", bouquet.imageId),
      specWithVar: reference("recipes", bouquet.recipeId),
      group: reference("bouquet-groups", bouquet.groupId === null ? null : String(bouquet.groupId)),
      order: reference("orders", bouquet.orderId),
      florist: reference("workers", bouquet.floristId),
      components: { data: components },
    },
  )
}

export function componentResources(bouquet: Bouquet): Resource[] {
  return bouquet.components.map(({ itemId, qty }, index) => ({
    type: "bouquet-components",
    id: componentId(bouquet, index),
    attributes: { qty: toUnits(qty) },
    relationships: { item: reference("inventory-items", itemId) },
  }))
}

const componentId = ({ id }: Bouquet, index: number): string => `${id}-${index + 1}`
