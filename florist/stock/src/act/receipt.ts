// Posting a receipt: what came whole opens batches at its price, what came spoilt is claimed, the purchase order learns what it still waits for.
import { itemAttributes } from "@florist/kit/contracts/catalog"
import { invalid } from "@florist/kit/refusal"
import { timesPrice } from "@florist/kit/quantity"
import type { Transaction } from "@florist/kit/transaction"
import { openPosting } from "../ledger/posting.ts"
import { receiveOrder } from "../purchase/purchase-order-store.ts"
import type { ActLine, Post } from "./act.ts"

export const postReceipt: Post = async (tx, act) => {
  const { id, docNo, storeId, supplierId, purchaseOrderId, occurredAt } = act
  const items = act.lines.flatMap(({ itemId }) => itemId ?? [])
  if (items.length < act.lines.length)
    throw invalid("A receipt is of items; bouquets are assembled.", { pointer: "/data/relationships/lines" })
  const freshness = await freshnessOf(tx, items)
  const posting = await openPosting(
    tx,
    { documentId: id, documentNo: docNo, turn: 1, occurredAt, reasonId: null },
    { shelves: items.map((itemId) => ({ storeId, itemId })) },
  )
  const lines: ActLine[] = []
  let [amount, claim] = [0, 0]
  for (const line of act.lines) {
    const { itemId, qty, defective, price } = line
    const cost = timesPrice(qty - defective, price)
    const days = itemId === null ? undefined : freshness.get(itemId)
    const freshUntil = line.freshUntil ?? (days === undefined ? null : new Date(occurredAt.getTime() + days * dayMs))
    if (qty > defective) {
      const to = { storeId, itemId, bouquetId: null }
      await posting.add({
        to,
        qty: qty - defective,
        cost,
        kind: "receipt",
        lineId: String(line.id),
        receivedAt: occurredAt,
        freshUntil,
        unitCost: price,
      })
    }
    amount += cost
    // Together they are what the supplier's invoice says.
    claim += timesPrice(qty, price) - cost
    lines.push({ ...line, cost, freshUntil })
  }
  await posting.finish()
  // After the shelves, as everybody locks them.
  if (purchaseOrderId !== null) {
    const received = act.lines.map(({ itemId, qty, defective }) => ({ item_id: itemId, received: qty - defective, defective }))
    await receiveOrder(tx, { orderId: purchaseOrderId, received, at: act.updatedAt })
  }
  if (supplierId !== null) await rememberSupplier(tx, { supplierId, lines: act.lines, at: occurredAt })
  return { amount, claim, lines }
}

const dayMs = 86_400_000
const freshFor = itemAttributes.pick({ freshForDays: true })

async function freshnessOf(tx: Transaction, items: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.query(`SELECT id, attributes FROM stock.known_resource WHERE type = 'inventory-items' AND id = ANY ($1::text[])`, [
    items,
  ])
  return new Map(
    rows.flatMap(({ id, attributes }) => {
      const days = freshFor.safeParse(attributes).data?.freshForDays ?? null
      return days === null ? [] : [[String(id), days] as const]
    }),
  )
}

/** Who brought an item last, and for how much: the plan asks there again. */
async function rememberSupplier(
  tx: Transaction,
  { supplierId, lines, at }: { supplierId: string; lines: readonly ActLine[]; at: Date },
): Promise<void> {
  const prices = new Map(lines.flatMap(({ itemId, price }) => (itemId === null ? [] : [[itemId, price] as const])))
  const sorted = [...prices].toSorted(([a], [b]) => (a < b ? -1 : 1))
  await tx.query(
    `INSERT INTO stock.item_supplier AS known (shop_id, item_id, supplier_id, price, received_at)
     SELECT $1, item_id, $2, price, $3 FROM unnest($4::uuid[], $5::bigint[]) AS brought(item_id, price) ORDER BY item_id
     ON CONFLICT (shop_id, item_id) DO UPDATE SET supplier_id = excluded.supplier_id, price = excluded.price, received_at = excluded.received_at
     WHERE known.received_at <= excluded.received_at`,
    [tx.shop, supplierId, at, sorted.map(([itemId]) => itemId), sorted.map(([, price]) => price)],
  )
}
