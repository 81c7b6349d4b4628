// Groups and measures: the same for all shops, so they stand here and not in a table. Called by items, categories and their lists.
import type { Resource } from "@florist/kit/document"
import { ok, readOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { everyone } from "@florist/kit/role"
import { z } from "zod"

const groups = [
  { id: 1, title: "Flowers", groupType: "flowers" },
  { id: 2, title: "Greenery", groupType: "flowers" },
  { id: 3, title: "Potted plants", groupType: "plants" },
  { id: 4, title: "Packaging", groupType: "materials" },
  { id: 5, title: "Ribbons and decoration", groupType: "materials" },
  { id: 6, title: "Vases and baskets", groupType: "goods" },
  { id: 7, title: "Gifts", groupType: "goods" },
  { id: 8, title: "Services", groupType: "services" },
  { id: 9, title: "Recipes", groupType: "specification" },
] as const
export const standardGroup = 1

const measures = [
  { id: "0198a000-0000-7000-8000-000000000001", title: "piece", short: "pcs" },
  { id: "0198a000-0000-7000-8000-000000000002", title: "stem", short: "st" },
  { id: "0198a000-0000-7000-8000-000000000003", title: "bunch", short: "bn" },
  { id: "0198a000-0000-7000-8000-000000000004", title: "metre", short: "m" },
  { id: "0198a000-0000-7000-8000-000000000005", title: "kilogram", short: "kg" },
] as const
export const standardMeasure = measures[0].id

/** Numbers in the database, text on the wire. */
export const groupId = z.coerce
  .number()
  .int()
  .refine((id) => groups.some((group) => group.id === id), "must be the id of a group; GET /v1/inventory-groups lists them")
export const measureId = z
  .string()
  .refine((id) => measures.some((measure) => measure.id === id), "must be the id of a measure; GET /v1/measures lists them")

const groupResource = ({ id, title, groupType }: (typeof groups)[number]): Resource => ({
  type: "inventory-groups",
  id: String(id),
  attributes: { title, groupType },
})

export const groupsOf = (ids: readonly number[]): Resource[] => groups.filter(({ id }) => ids.includes(id)).map(groupResource)

export const measureTitle = (id: unknown): string => measures.find((measure) => measure.id === id)?.short ?? ""

export const groupOperations: readonly Operation[] = [
  readOperation({
    id: "ListInventoryGroups",
    method: "GET",
    path: "/v1/inventory-groups",
    tag: "Inventory Items API",
    summary: "List the groups that items and categories belong to",
    access: everyone,
    answers: { 200: null },
    refuses: [],
    handle: async () => ok({ data: groups.map(groupResource), meta: { total: groups.length } }),
  }),
  readOperation({
    id: "ListMeasures",
    method: "GET",
    path: "/v1/measures",
    tag: "Inventory Items API",
    summary: "List the measures that items are counted in",
    access: everyone,
    answers: { 200: null },
    refuses: [],
    handle: async () =>
      ok({
        data: measures.map(({ id, title, short }) => ({ type: "measures", id, attributes: { title, short } })),
        meta: { total: measures.length },
      }),
  }),
]
