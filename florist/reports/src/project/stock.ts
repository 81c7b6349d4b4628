// Goods in and out: quantities and costs by what they were for, what lies where, how many documents, what was paid last, and what each order and each bouquet
// took. All of it adds up, so the order of arrival does not matter.
import { movementsOf } from "@florist/kit/contracts/stock"
import type { Movement } from "@florist/kit/contracts/stock"
import type { Fact, Projecting } from "./projecting.ts"
import { takenBack, toStock } from "../total.ts"
import type { Contribution } from "../total.ts"
import { takeComponents } from "./bouquet.ts"

/** What a movement is for. A return takes a sale back; a correction belongs to what it corrects. */
const classes = {
  receipt: "receipt",
  sale: "sale",
  "sale-return": "sale",
  "write-off": "write-off",
  "transfer-out": "transfer-out",
  "transfer-in": "transfer-in",
  "count-surplus": "surplus",
  "count-shortage": "shortage",
  "assembly-out": "assembly-out",
  "assembly-in": "assembly-in",
  "disassembly-out": "disassembly-out",
  "disassembly-in": "disassembly-in",
} as const satisfies Record<Exclude<Movement["kind"], "correction">, string>

type StockClass = (typeof classes)[keyof typeof classes]

type Classed = Movement & { for: StockClass }

/** A correction stands beside the line that takes its place. */
function classed(movements: readonly Movement[]): Classed[] {
  return movements.map((movement) => {
    const { kind, lineId } = movement
    const beside = kind === "correction" ? movements.find((other) => other.lineId === lineId && other.kind !== "correction")?.kind : kind
    return { ...movement, for: classOf(beside) }
  })
}

const classOf = (kind: Movement["kind"] | undefined): StockClass => (kind === undefined || kind === "correction" ? "sale" : classes[kind])

export async function projectMovements(on: Projecting, fact: Fact): Promise<void> {
  const movements = classed(movementsOf.parse(fact.data).movements)
  on.add(movements.flatMap((movement) => movedBy(movement, on.local(movement.storeId, movement.occurredAt).day)))
  await countDocuments(on, movements)
  await balance(on, movements)
  await costOrders(on, movements)
  await rememberReceipts(on, movements)
  await takeComponents(on, movements)
}

/** Costs and quantities keep the ledger's sign: what leaves is negative. */
function movedBy({ storeId: store, itemId, categoryId, reasonId, qty, cost, ...movement }: Classed, day: string): Contribution[] {
  const values = { qty, cost }
  const reason = movement.for === "write-off" ? (reasonId ?? "") : ""
  return [
    toStock({ breakdown: "class", key: movement.for, store, day, values }),
    toStock({ breakdown: `${movement.for}-category`, key: categoryId ?? "", store, day, values }),
    toStock({ breakdown: `${movement.for}-item`, key: `${itemId ?? ""}/${reason}`, store, day, values }),
    ...(movement.for === "write-off" ? [toStock({ breakdown: "write-off-reason", key: reason, store, day, values })] : []),
  ]
}

const documents: Partial<Record<StockClass, string>> = {
  receipt: "receipt",
  "write-off": "write-off",
  surplus: "count",
  shortage: "count",
}

/** Once for each store, on the first day that it moved something there. */
async function countDocuments({ reader, shop, side, local, add }: Projecting, movements: readonly Classed[]): Promise<void> {
  const firstDays = new Map<string, { document: string; counted: string; store: string; day: string }>()
  for (const { documentId: document, storeId: store, occurredAt, ...movement } of movements) {
    const counted = documents[movement.for]
    if (counted === undefined) continue
    const { day } = local(store, occurredAt)
    const place = [document, counted, store].join("|")
    if (day < (firstDays.get(place)?.day ?? "9999")) firstDays.set(place, { document, counted, store, day })
  }
  const contribution = (counted: string, store: string, day: string): Contribution =>
    toStock({ breakdown: "document", key: counted, store, day, values: { documents: 1 } })
  for (const { document, counted, store, day } of firstDays.values()) {
    const [before] = await reader.query(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day FROM reports.stock_document WHERE shop_id = $1 AND side = $2 AND id = $3 AND class = $4 AND store_id = $5`,
      [shop, side, document, counted, store],
    )
    if (before !== undefined && String(before.day) <= day) continue
    if (before !== undefined) add(takenBack([contribution(counted, store, String(before.day))]))
    add([contribution(counted, store, day)])
    await reader.query(
      `INSERT INTO reports.stock_document (shop_id, side, id, class, store_id, day) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (shop_id, side, id, class, store_id) DO UPDATE SET day = excluded.day`,
      [shop, side, document, counted, store, day],
    )
  }
}

async function balance({ reader, shop, side }: Projecting, movements: readonly Classed[]): Promise<void> {
  const places = Map.groupBy(movements, ({ storeId, itemId, bouquetId }) => [storeId, itemId, bouquetId].join("|"))
  const deltas = [...places.values()].flatMap((moved) => {
    const [first] = moved
    if (first === undefined) return []
    const qty = moved.reduce((sum, one) => sum + one.qty, 0)
    const cost = moved.reduce((sum, one) => sum + one.cost, 0)
    return [{ store_id: first.storeId, kind: first.itemId === null ? "bouquet" : "item", id: first.itemId ?? first.bouquetId, qty, cost }]
  })
  const given = JSON.stringify(deltas)
  await reader.query(
    `INSERT INTO reports.stock_balance AS there (shop_id, side, store_id, kind, id, qty, cost)
     SELECT $1, $2, store_id, kind, id, qty, cost FROM jsonb_to_recordset($3::jsonb) AS (store_id uuid, kind text, id uuid, qty bigint, cost bigint)
     ON CONFLICT (shop_id, side, store_id, kind, id) DO UPDATE SET qty = there.qty + excluded.qty, cost = there.cost + excluded.cost`,
    [shop, side, given],
  )
  await reader.query(
    `DELETE FROM reports.stock_balance there USING jsonb_to_recordset($3::jsonb) AS moved (store_id uuid, kind text, id uuid)
     WHERE shop_id = $1 AND side = $2 AND there.store_id = moved.store_id AND there.kind = moved.kind AND there.id = moved.id AND qty = 0 AND cost = 0`,
    [shop, side, given],
  )
}

const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The document of a sale is its order. */
async function costOrders({ reader, shop, side }: Projecting, movements: readonly Classed[]): Promise<void> {
  const sold = movements.filter((movement) => movement.for === "sale" && uuidShape.test(movement.documentId))
  for (const [order, lines] of Map.groupBy(sold, ({ documentId }) => documentId)) {
    const cost = lines.reduce((sum, line) => sum - line.cost, 0)
    await reader.query(
      `INSERT INTO reports.sale_order AS there (shop_id, side, id, cost) VALUES ($1, $2, $3, $4)
       ON CONFLICT (shop_id, side, id) DO UPDATE SET cost = there.cost + excluded.cost`,
      [shop, side, order, cost],
    )
  }
}

interface Receipt {
  at: Date
  id: string
  cost: number
}

/** The unit costs of the last two receipts of each item in each store, by their own time. */
async function rememberReceipts({ reader, shop, side }: Projecting, movements: readonly Classed[]): Promise<void> {
  for (const { itemId, storeId, qty, cost, occurredAt, id, ...movement } of movements) {
    if (movement.for !== "receipt" || itemId === null || qty <= 0) continue
    const [row] = await reader.query(
      `SELECT last_at, last_id, last_cost, previous_at, previous_id, previous_cost FROM reports.receipt_cost
       WHERE shop_id = $1 AND side = $2 AND store_id = $3 AND item_id = $4`,
      [shop, side, storeId, itemId],
    )
    const receipt = (name: string): Receipt[] =>
      row?.[`${name}_at`] instanceof Date
        ? [{ at: row[`${name}_at`] as Date, id: String(row[`${name}_id`]), cost: Number(row[`${name}_cost`]) }]
        : []
    const [last, previous] = [
      ...receipt("last"),
      ...receipt("previous"),
      { at: occurredAt, id, cost: Math.round((cost * 1_000) / qty) },
    ].toSorted((a, b) => b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : -1))
    await reader.query(
      `INSERT INTO reports.receipt_cost (shop_id, side, store_id, item_id, last_at, last_id, last_cost, previous_at, previous_id, previous_cost)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (shop_id, side, store_id, item_id) DO UPDATE SET last_at = excluded.last_at, last_id = excluded.last_id, last_cost = excluded.last_cost,
         previous_at = excluded.previous_at, previous_id = excluded.previous_id, previous_cost = excluded.previous_cost`,
      [shop, side, storeId, itemId, last?.at, last?.id, last?.cost, previous?.at ?? null, previous?.id ?? null, previous?.cost ?? null],
    )
  }
}
