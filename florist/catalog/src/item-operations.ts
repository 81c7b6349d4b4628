// The operations on items, as the shop keeps them and as its catalog shows them.
import { documentOut, pageMetaOut, references } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import type { OpenShop } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import { flag, several, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Answer, Operation } from "@florist/kit/operation"
import { everyone, management } from "@florist/kit/role"
import { z } from "zod"
import { categoryResource } from "./category.ts"
import { categoriesById, findCategory } from "./category-store.ts"
import { groupsOf } from "./group.ts"
import { bulkChange, catalogItemOut, catalogItemResource, changedItem, itemOut, itemResource, newItem } from "./item.ts"
import { itemConditions, itemQuery } from "./item-filter.ts"
import { changeItem, codesOf, createItem, deleteItems, findLiveItem, itemFrom, itemSelect, publishItems } from "./item-store.ts"
import { latestRevision } from "./revision.ts"

const tag = "Inventory Items API"
const byId = z.object({ id: uuid })
const order = { columns: [{ name: "i.id", type: "uuid" }], direction: "ASC" } as const
/** Images, measures and vendors are published without operations of their own: there are none to bring. */
const include = several(z.enum(["category", "group", "image", "images", "logo", "measure", "vendors"])).optional()

async function includedWith(shop: OpenShop, rows: readonly Row[], asked: z.output<typeof include>): Promise<{ included?: Resource[] }> {
  if (asked === undefined) return {}
  const ids = asked.includes("category") ? rows.flatMap(({ category_id: id }) => (typeof id === "string" ? id : [])) : []
  const categories = ids.length === 0 ? [] : await categoriesById(shop, shop.id, [...new Set(ids)])
  const groups = asked.includes("group") ? groupsOf([...new Set(rows.map((row) => Number(row.group_id)))]) : []
  return { included: [...categories.map(categoryResource), ...groups] }
}

const one = (row: Row) => ok({ data: itemResource(row) })

async function withCodes(shop: OpenShop, id: string): Promise<Answer> {
  const [row, codes] = await Promise.all([findLiveItem(shop, shop.id, id), codesOf(shop, shop.id, id)])
  return ok({ data: itemResource(row), included: [...codes, ...groupsOf([Number(row.group_id)])] })
}

export const itemOperations: readonly Operation[] = [
  readOperation({
    id: "ListInventoryItems",
    method: "GET",
    path: "/v1/inventory-items",
    tag,
    summary: "List items",
    access: everyone,
    query: z.object({ ...pageQuery, ...itemQuery, include }),
    answers: { 200: documentOut(z.array(itemOut), { ...pageMetaOut, revision: z.int() }) },
    refuses: [422],
    async handle({ shop, query }) {
      const [page, revision] = await Promise.all([
        list(shop, { from: itemFrom, columns: itemSelect, conditions: itemConditions(shop.id, query), order, query }),
        latestRevision(shop),
      ])
      const links = pageLinks("/v1/inventory-items", page)
      const includes = await includedWith(shop, page.rows, query.include)
      return ok({ data: page.rows.map(itemResource), ...includes, meta: { ...page.meta, revision }, links })
    },
  }),
  readOperation({
    id: "getAction",
    method: "GET",
    path: "/v1/inventory-items/{id}",
    tag,
    summary: "Get an item, with its codes included",
    access: everyone,
    params: byId,
    answers: { 200: documentOut(itemOut) },
    refuses: [400, 404],
    handle: ({ shop, params }) => withCodes(shop, params.id),
  }),
  writeOperation({
    id: "createAction",
    method: "POST",
    path: "/v1/inventory-items",
    tag,
    summary: "Create an item or a service",
    access: management,
    body: newItem,
    answers: { 200: documentOut(itemOut) },
    refuses: [400, 409, 422],
    handle: async ({ tx, body, now }) => one(await createItem(tx, { ...body, id: body.id ?? newId() }, now)),
  }),
  writeOperation({
    id: "updateAction",
    method: "PATCH",
    path: "/v1/inventory-items/{id}",
    tag,
    summary: "Change an item; codes and images that are given replace those that are there",
    access: management,
    params: byId,
    body: changedItem,
    answers: { 200: documentOut(itemOut) },
    refuses: [400, 404, 409, 422],
    handle: async ({ tx, params, body, now }) => one(await changeItem(tx, { ...body, id: params.id }, now)),
  }),
  writeOperation({
    id: "bulkUpdateAction",
    method: "PATCH",
    path: "/v1/inventory-items",
    tag,
    summary: "Make items public, or not",
    access: management,
    body: bulkChange,
    answers: { 200: documentOut(z.array(itemOut)) },
    refuses: [400, 404, 422],
    async handle({ tx, body, now }) {
      const rows = await publishItems(tx, new Map(body.map(({ id, isPublic }) => [id, isPublic])), now)
      return ok({ data: rows.map(itemResource) })
    },
  }),
  writeOperation({
    id: "deleteInventoryItems",
    method: "DELETE",
    path: "/v1/inventory-items",
    tag,
    summary: "Delete items: they stay in the shop's past, and are sold no more",
    access: management,
    body: references(),
    answers: { 200: z.object({ meta: z.object({}) }) },
    refuses: [404, 422],
    async handle({ tx, body, now }) {
      await deleteItems(tx, body, now)
      return ok({ meta: {} })
    },
  }),
  readOperation({
    id: "GetCatalogItem",
    method: "GET",
    path: "/v1/catalog/inventory-items/{id}",
    tag: "Catalog API",
    summary: "Get an item from the catalog",
    access: everyone,
    params: byId,
    answers: { 200: documentOut(itemOut) },
    refuses: [404, 422],
    handle: ({ shop, params }) => withCodes(shop, params.id),
  }),
  readOperation({
    id: "GetCatalogByCategory",
    method: "GET",
    path: "/v1/catalog/{category}",
    tag: "Catalog API",
    summary: "List what a category of the catalog holds",
    access: everyone,
    params: z.object({ category: uuid }),
    query: z.object({ ...pageQuery, public: flag.optional() }),
    answers: { 200: documentOut(z.array(catalogItemOut), { ...pageMetaOut, revision: z.int() }) },
    refuses: [404, 422],
    async handle({ shop, params, query }) {
      const conditions = [
        where("i.shop_id = ?", shop.id),
        where("i.category_id = ?", params.category),
        where("NOT i.deleted"),
        query.public === true ? where("i.public") : undefined,
      ]
      const [, page, revision] = await Promise.all([
        findCategory(shop, shop.id, params.category, "category"),
        list(shop, { from: itemFrom, columns: itemSelect, conditions, order, query }),
        latestRevision(shop),
      ])
      const links = pageLinks(`/v1/catalog/${params.category}`, page)
      return ok({ data: page.rows.map(catalogItemResource), meta: { ...page.meta, revision }, links })
    },
  }),
]
