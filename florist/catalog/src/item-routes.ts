// What a shop sells, with prices in kopecks.
import type { Database, Row } from "@florist/kit/database"
import type { Fleet } from "@florist/kit/fleet"
import { positiveId, read } from "@florist/kit/input"
import { notFound } from "@florist/kit/refusal"
import type { FastifyInstance } from "fastify"
import { z } from "zod"

export const itemColumns = ["shop_id", "id", "name", "kind", "price", "currency"]

const ofShop = z.object({ shop: positiveId })
const idInPath = z.object({ id: positiveId })
const select = `SELECT ${itemColumns.join(", ")} FROM catalog.item WHERE shop_id = $1`

export function addItems(app: FastifyInstance, fleet: Fleet): void {
  app.get("/api/v1/catalog/items", async (request) => {
    const { database, id, name, city } = await fleet.shop(read(ofShop, request.query, "query").shop)
    const rows = await database.query(`${select} ORDER BY id`, [id])
    return { shop: { id, name, city }, items: rows.map(itemOf) }
  })

  app.get("/api/v1/catalog/items/:id", async (request) => {
    const { id } = read(idInPath, request.params, "path")
    const shop = await fleet.shop(read(ofShop, request.query, "query").shop)
    const [row] = await shop.database.query(`${select} AND id = $2`, [shop.id, id])
    if (row === undefined) throw notFound(`item ${id} in shop ${shop.id}`, "path.id")
    return itemOf(row)
  })
}

export async function itemFacts(database: Database, shop: number): Promise<{ items: number }> {
  const [row] = await database.query("SELECT count(*) AS items FROM catalog.item WHERE shop_id = $1", [shop])
  return { items: Number(row?.items ?? 0) }
}

function itemOf(row: Row): { id: number; name: string; kind: string; price: number; currency: string } {
  return { id: Number(row.id), name: String(row.name), kind: String(row.kind), price: Number(row.price), currency: String(row.currency) }
}
