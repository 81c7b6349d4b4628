// Groups of customers: bonus groups give points, discount groups a discount. What they share: who may be in, from which spending a customer enters by
// itself, when they hold. Called by the groups' stores and operations, and by customers.
import { moment, resource, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { instant, int, title } from "@florist/kit/input"
import { roubles, toRoubles } from "@florist/kit/money"
import { scaled } from "@florist/kit/scaled"
import { z } from "zod"
import type { Numbered } from "./number.ts"

export const groupStatuses = ["on", "off", "deleted"] as const

/** As a client changes it; undefined stays as it is. Rates in hundredths of a per cent, amounts in kopecks. */
export interface GroupDraft {
  title?: string | undefined
  rate?: number | undefined
  /** Largest part of an order that points may pay; null where nothing limits them. Of bonus groups alone. */
  payable?: number | null | undefined
  /** Null where nobody enters by spending. */
  entryAmount?: number | null | undefined
  private?: boolean | undefined
  status?: (typeof groupStatuses)[number] | undefined
  validFrom?: Date | null | undefined
  validTo?: Date | null | undefined
  activateOnEntry?: boolean | undefined
  revision?: number | undefined
}

export interface GroupKind {
  type: "bonus-groups" | "discount-groups"
  /** For people: "bonus group". */
  name: string
  table: "loyalty.bonus_group" | "loyalty.discount_group"
  number: Numbered
  columns: string
  attributes: z.ZodType<GroupDraft>
  out: z.ZodType
  resource: (row: Row) => Resource
}

const wholePercent = z
  .number()
  .int()
  .min(0)
  .max(100)
  .transform((percent) => percent * 100)
const percent = scaled({ decimals: 2, most: 10_000, unit: "per cent" }).refine((value) => value >= 0, "must not be negative")

const shared = {
  title: title(),
  entryAmount: roubles.nullable(),
  private: z.boolean(),
  status: z.enum(groupStatuses),
  validFrom: instant.nullable(),
  validTo: instant.nullable(),
  /** Our extension: whether the order that brings a customer in counts by the group already. */
  activateOnEntry: z.boolean(),
  revision: int,
}

const sharedOut = {
  title: z.string(),
  validFrom: z.string().nullable(),
  validTo: z.string().nullable(),
  entryAmount: z.number().nullable(),
  private: z.boolean(),
  status: z.enum(groupStatuses),
  updatedAt: z.string(),
  activateOnEntry: z.boolean(),
  revision: z.number(),
}

const rulesOut = { rules: z.object({ data: z.array(z.object({ type: z.string(), id: z.string() })) }) }
const noRules = { rules: { data: [] } }
const sharedColumns =
  "id, title, rate, entry_amount, private, status, valid_from, valid_to, activate_on_entry, created_at, updated_at, revision"

export const bonusGroups: GroupKind = {
  type: "bonus-groups",
  name: "bonus group",
  table: "loyalty.bonus_group",
  number: "bonus-group",
  columns: `${sharedColumns}, payable`,
  attributes: z
    .object({ ...shared, bonusRate: wholePercent, limit: wholePercent.nullable() })
    .partial()
    .transform(({ bonusRate, limit, ...rest }) => ({ ...rest, rate: bonusRate, payable: limit })),
  out: resourceOut("bonus-groups", { ...sharedOut, bonusRate: z.number(), limit: z.number().nullable() }, rulesOut),
  resource: (row) =>
    resource(
      "bonus-groups",
      String(row.id),
      { ...sharedAttributes(row), bonusRate: percentOut(row.rate), limit: percentOut(row.payable) },
      noRules,
    ),
}

export const discountGroups: GroupKind = {
  type: "discount-groups",
  name: "discount group",
  table: "loyalty.discount_group",
  number: "discount-group",
  columns: sharedColumns,
  attributes: z
    .object({ ...shared, discount: percent })
    .partial()
    .transform(({ discount, ...rest }) => ({ ...rest, rate: discount })),
  out: resourceOut("discount-groups", { ...sharedOut, discount: z.number(), createdAt: z.string() }, rulesOut),
  resource: (row) =>
    resource(
      "discount-groups",
      String(row.id),
      { ...sharedAttributes(row), discount: percentOut(row.rate), createdAt: moment(row.created_at) },
      noRules,
    ),
}

const percentOut = (hundredths: unknown): number | null => (hundredths === null ? null : Number(hundredths) / 100)

function sharedAttributes(row: Row): Record<string, unknown> {
  return {
    title: row.title,
    validFrom: moment(row.valid_from),
    validTo: moment(row.valid_to),
    entryAmount: row.entry_amount === null ? null : toRoubles(Number(row.entry_amount)),
    private: row.private,
    status: row.status,
    updatedAt: moment(row.updated_at),
    activateOnEntry: row.activate_on_entry,
    revision: Number(row.revision),
  }
}
