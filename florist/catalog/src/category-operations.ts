// The operations on categories, as the shop keeps them and as its catalog shows them.
import { documentOut } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { notFound } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"
import { z } from "zod"
import { categoryOut, categoryResource, changedCategory, newCategory } from "./category.ts"
import { categoryFrom, categorySelect, changeCategory, createCategory, deleteCategory, findCategory } from "./category-store.ts"
import { groupsOf } from "./group.ts"
import { latestRevision } from "./revision.ts"

const tag = "Categories API"
const byId = z.object({ id: uuid })
const order = { columns: [{ name: "c.id", type: "uuid" }], direction: "ASC" } as const
/** A shop has few: all come at once, unless a client asks for pages. */
const atOnce = 2_000

const withGroup = (row: Row) => ok({ data: categoryResource(row), included: groupsOf([Number(row.group_id)]) })

export const categoryOperations: readonly Operation[] = [
  readOperation({
    id: "ListCategories",
    method: "GET",
    path: "/v1/categories",
    tag,
    summary: "List categories",
    access: everyone,
    query: z.object({ ...pageQuery, "filter[revision]": z.coerce.number().int().optional() }),
    answers: { 200: documentOut(z.array(categoryOut), { total: z.int(), revision: z.int() }) },
    refuses: [422],
    async handle({ shop, query }) {
      const since = query["filter[revision]"]
      const conditions = [where("c.shop_id = ?", shop.id), since === undefined ? where("NOT c.deleted") : where("c.revision > ?", since)]
      const [page, revision] = await Promise.all([
        list(shop, { from: categoryFrom, columns: categorySelect, conditions, order, query, size: atOnce }),
        latestRevision(shop),
      ])
      return ok({ data: page.rows.map(categoryResource), meta: { ...page.meta, revision }, links: pageLinks("/v1/categories", page) })
    },
  }),
  writeOperation({
    id: "CreateCategory",
    method: "POST",
    path: "/v1/categories",
    tag,
    summary: "Create a category",
    access: management,
    body: newCategory,
    answers: { 200: documentOut(categoryOut) },
    refuses: [409, 422],
    handle: async ({ tx, body, now }) => withGroup(await createCategory(tx, { ...body, id: body.id ?? newId() }, now)),
  }),
  writeOperation({
    id: "UpdateCategory",
    method: "PATCH",
    path: "/v1/categories/{id}",
    tag,
    summary: "Change a category, or move it with everything below it",
    access: management,
    params: byId,
    body: changedCategory,
    answers: { 200: documentOut(categoryOut) },
    refuses: [400, 404, 409, 422],
    handle: async ({ tx, params, body, now }) => withGroup(await changeCategory(tx, params.id, body, now)),
  }),
  writeOperation({
    id: "DeleteCategory",
    method: "DELETE",
    path: "/v1/categories/{id}",
    tag,
    summary: "Delete a category that holds nothing",
    access: management,
    params: byId,
    answers: { 200: z.object({ meta: z.object({}) }) },
    refuses: [400, 404],
    async handle({ tx, params, now }) {
      await deleteCategory(tx, params.id, now)
      return ok({ meta: {} })
    },
  }),
  readOperation({
    id: "GetCatalogCategories",
    method: "GET",
    path: "/v1/catalog/categories",
    tag: "Catalog API",
    summary: "List the categories that the catalog shows: those that are on",
    access: everyone,
    query: z.object(pageQuery),
    answers: { 200: documentOut(z.array(categoryOut), { total: z.int() }) },
    refuses: [422],
    async handle({ shop, query }) {
      const conditions = [where("c.shop_id = ?", shop.id), where("NOT c.deleted"), where("c.status = ?", "on")]
      const page = await list(shop, { from: categoryFrom, columns: categorySelect, conditions, order, query, size: atOnce })
      return ok({ data: page.rows.map(categoryResource), meta: page.meta, links: pageLinks("/v1/catalog/categories", page) })
    },
  }),
  readOperation({
    id: "GetCatalogCategory",
    method: "GET",
    path: "/v1/catalog/categories/{id}",
    tag: "Catalog API",
    summary: "Get a category that the catalog shows",
    access: everyone,
    params: byId,
    answers: { 200: documentOut(categoryOut) },
    refuses: [404, 422],
    async handle({ shop, params }) {
      const row = await findCategory(shop, shop.id, params.id, "id")
      if (row.deleted === true || row.status !== "on") throw notFound(`category ${params.id} in the catalog`, { parameter: "id" })
      return ok({ data: categoryResource(row) })
    },
  }),
]
