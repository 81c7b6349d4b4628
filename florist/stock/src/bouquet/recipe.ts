// Recipes: what a bouquet is made of, to be made again.
import type { Reader } from "@florist/kit/database"
import { text, title, uuid } from "@florist/kit/input"
import { roubles, roublesOut, toRoubles } from "@florist/kit/money"
import { positiveQuantity, quantityOut, toUnits } from "@florist/kit/quantity"
import { handling } from "@florist/kit/role"
import { z } from "zod"
import { directoryOperations } from "../directory.ts"
import type { Component } from "./bouquet.ts"

const line = z.object({ itemId: uuid, qty: positiveQuantity })
const keptLines = z.array(z.object({ itemId: z.string(), qty: z.number() }))

export const recipeOperations = directoryOperations({
  type: "recipes",
  path: "/v1/recipes",
  table: "stock.recipe",
  tag: "Bouquets API",
  noun: "recipe",
  names: { one: "Recipe", many: "Recipes" },
  writers: handling,
  fields: {
    title: { column: "title", sql: "text", in: title(), out: z.string() },
    description: { column: "description", sql: "text", in: text(4_000), out: z.string(), standard: "" },
    saleAmount: {
      column: "sale_price",
      sql: "bigint",
      in: roubles.nullable(),
      out: roublesOut.nullable(),
      standard: null,
      show: (value) => (value === null ? null : toRoubles(Number(value))),
    },
    lines: {
      column: "lines",
      sql: "jsonb",
      in: z.array(line).min(1).max(200),
      out: z.array(z.object({ itemId: z.string(), qty: quantityOut })),
      show: (value) => keptLines.parse(value).map(({ itemId, qty }) => ({ itemId, qty: toUnits(qty) })),
      keep: (value) => JSON.stringify(value),
    },
  },
})

interface Recipe {
  title: string
  description: string
  salePrice: number | null
  lines: Component[]
}

export async function readRecipe(reader: Reader, id: string): Promise<Recipe | undefined> {
  const [row] = await reader.query("SELECT title, description, sale_price, lines FROM stock.recipe WHERE id = $1 AND NOT deleted", [id])
  if (row === undefined) return undefined
  const { title, description, sale_price: price, lines } = row
  return {
    title: String(title),
    description: String(description),
    salePrice: price === null ? null : Number(price),
    lines: keptLines.parse(lines),
  }
}
