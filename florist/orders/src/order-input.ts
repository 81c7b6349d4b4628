// What requests say of an order: the published attributes and relationships, and ours beside them (docs: the platform's own OpenAPI document). Absent means
// "as it is", null means "none". Called by creating and editing.
import { day, instant, int, text, title, uuid, yesNo } from "@florist/kit/input"
import { roubles } from "@florist/kit/money"
import { positiveQuantity } from "@florist/kit/quantity"
import { scaled } from "@florist/kit/scaled"
import { manyWhole, toMany, toOne } from "@florist/kit/document"
import { z } from "zod"
import { discountKinds, orderStatus } from "./order.ts"

/** Published as text and shown as null where there is none. */
const words = (most: number) => z.preprocess((value) => (value === null ? "" : value), text(most)).optional()

const maybe = <T extends z.ZodType>(shape: T) => shape.nullable().optional()

const orderAttributes = z.object({
  status: orderStatus.optional(),
  date: day.optional(),
  docNo: title(40).optional(),
  docNoPrefix: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,12}$/, "must be 1 to 12 letters, digits or hyphens")
    .describe("Begins the number that the service gives where there is no docNo; a register has its own.")
    .optional(),
  description: words(5_000),
  budget: roubles.optional(),
  dueTime: maybe(instant),
  delivery: yesNo.optional(),
  deliveryComments: words(2_000),
  deliveryCity: words(200),
  deliveryStreet: words(300),
  deliveryHouse: words(50),
  deliveryApartment: words(50),
  deliveryBuilding: words(50),
  deliveryTimeFrom: maybe(instant),
  deliveryTimeTo: maybe(instant),
  deliveryContact: words(200),
  deliveryPhoneNumber: words(40),
  deliveryPhoneCode: z
    .preprocess((value) => (value === null ? "" : typeof value === "number" ? String(value) : value), text(10))
    .optional(),
  createdAt: maybe(instant),
  updatedAt: maybe(instant),
  fiscal: yesNo.optional(),
  byBonuses: yesNo.optional(),
  /** Ours, all that follow. */
  postedAt: maybe(instant).describe("When it was sold, for a sale that comes late."),
  cancelComment: maybe(text(2_000)),
  revision: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe("The revision that the change was made on; refused (409) where the order was edited since."),
  totalAmount: roubles.optional().describe("Lines after discounts, in roubles; refused (422) where it is not what the service computes."),
  allowShortage: yesNo.optional().describe("A sale that happened offline: what is not in stock is sold all the same."),
  applyCustomerDiscount: yesNo
    .optional()
    .describe(
      "Gives the discount of the customer's groups; meta.customerTerms says whether it was applied. The order is taken also where nobody can say.",
    ),
  externalId: maybe(title(200)),
  externalSystem: maybe(title(200)),
  externalSession: maybe(int),
})

/** Published programs send null where the service is to make it. */
const ownId = z.preprocess((value) => value ?? undefined, uuid.optional())

const amountText = roubles.nullable().optional()

export const lineIn = z
  .object({
    type: z.string().optional(),
    id: ownId,
    /** Absent: the line stays as it is. */
    attributes: z
      .object({
        title: maybe(text(300)),
        qty: positiveQuantity.optional(),
        /** Per unit; absent: the catalog's price. */
        price: amountText,
        amount: amountText,
        totalAmount: amountText,
        totalAmountWithDiscount: amountText,
        discountPrice: amountText,
        manualSetting: yesNo.optional(),
      })
      .optional(),
    relationships: z.object({ item: toOne(), bouquet: toOne() }).optional(),
  })
  .transform(({ id, attributes, relationships }) => ({ id, attributes, item: relationships?.item, bouquet: relationships?.bouquet }))
export type LineIn = z.output<typeof lineIn>

/** Per cent with at most two decimals; hundredths inside. A markup may be more than the price itself. */
const percent = scaled({ decimals: 2, most: 100_000, unit: "per cent" }).refine((value) => value > 0, "must be above 0")

export const discountIn = z
  .object({
    type: z.string().optional(),
    id: ownId,
    /** Absent: the discount stays as it is. */
    attributes: z
      .object({
        discountType: z.enum(discountKinds).default("discount"),
        percent: maybe(percent).describe("Of the line before discounts, or of all lines after their own; several do not compound."),
        amount: maybe(roubles).describe("In roubles, in place of percent."),
      })
      .refine(({ percent, amount }) => (percent ?? null) === null || (amount ?? null) === null, "either percent or amount, not both")
      .refine(({ percent, amount }) => (percent ?? amount ?? null) !== null, "needs percent or amount")
      .refine(({ discountType, percent }) => discountType === "markup" || (percent ?? 0) <= 10_000, "a discount is at most 100 per cent")
      .optional(),
    /** Without a line it is of the whole order. */
    relationships: z.object({ reason: toOne(), line: toOne() }).optional(),
  })
  .transform(({ id, attributes, relationships }) => ({ id, attributes, reason: relationships?.reason, line: relationships?.line }))
export type DiscountIn = z.output<typeof discountIn>

const orderRelationships = z
  .object({
    source: toOne(),
    store: toOne(),
    customer: toOne(),
    postedBy: toOne(),
    createdBy: toOne(),
    updatedBy: toOne(),
    florist: toOne(),
    courier: toOne(),
    images: toMany(),
    /** Ours. */
    tags: toMany(),
    lines: manyWhole(lineIn),
    discounts: manyWhole(discountIn),
    /** As published sites order from the showcase: a line for each that has none. */
    bouquets: toMany(),
    /** Read only: payments have operations of their own. */
    payments: toMany(),
  })
  .default({})

function linesWith(lines: LineIn[] | undefined, bouquets: readonly string[] = []): LineIn[] | undefined {
  const missing = bouquets.filter((bouquet) => lines?.some((line) => line.bouquet === bouquet) !== true)
  return missing.length === 0 ? lines : [...(lines ?? []), ...missing.map(lineOf)]
}

const lineOf = (bouquet: string) => lineIn.parse({ attributes: { qty: 1 }, relationships: { bouquet: { data: { id: bouquet } } } })

export const orderIn = z
  .object({
    data: z.object({
      type: z.literal("orders").optional(),
      id: uuid.optional(),
      attributes: orderAttributes.default({}),
      relationships: orderRelationships,
    }),
  })
  .transform(({ data: { id, attributes, relationships } }) => {
    const { bouquets, ...others } = relationships
    return { id, ...attributes, ...others, lines: linesWith(others.lines, bouquets) }
  })
export type OrderIn = z.output<typeof orderIn>
