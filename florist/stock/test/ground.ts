// What the tests of stock share: a platform with the service, and short words for what a shop does.
import assert from "node:assert/strict"
import { bouquetChanged, bouquetSnapshot, issueResult, movementsOf, movementsRecorded, orderIssued } from "@florist/kit/contracts/stock"
import { newId } from "@florist/kit/id"
import type { z } from "zod"
import { Tokens } from "@florist/kit/session"
import { startPlatform, shops } from "../../kit/test/platform.ts"
import type { Platform, TestAnswer } from "../../kit/test/platform.ts"
import { stock } from "../src/service.ts"

export { shops }

export interface Line {
  item?: string
  bouquet?: string
  batch?: string
  qty?: number
  price?: number
  defectQty?: number
  freshUntil?: string
}

export interface ActWords {
  id?: string
  store?: string
  to?: string
  at?: string
  lines: readonly Line[]
  posted?: boolean
  supplier?: string
  purchaseOrder?: string
  reason?: string
  withExpired?: boolean
}

export class Shop {
  readonly platform: Platform
  readonly store = newId()
  readonly branch = newId()
  #token: string | undefined

  constructor(platform: Platform) {
    this.platform = platform
  }

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<TestAnswer> {
    return this.platform.ask({
      service: "stock",
      method,
      path: `/api${path}`,
      body,
      headers,
      ...(this.#token === undefined ? {} : { token: this.#token }),
    })
  }

  as(token: string): Shop {
    const other = Object.assign(new Shop(this.platform), { store: this.store, branch: this.branch })
    other.#token = token
    return other
  }

  async peer(path: string, body: unknown, shop: number = shops.rose): Promise<TestAnswer> {
    const authorization = await new Tokens(this.platform.secret).peerAuthorization("orders", this.platform.clock.now())
    return this.platform.ask({
      service: "stock",
      method: "POST",
      path: `/internal/stock${path}`,
      body,
      token: authorization.replace("Bearer ", ""),
      headers: { "florist-shop": String(shop) },
    })
  }

  act(
    type: string,
    { id, store = this.store, to, at, lines, posted = true, supplier, purchaseOrder, reason, withExpired }: ActWords,
  ): object {
    const one = (kind: string, value: string | undefined) => (value === undefined ? undefined : { data: { type: kind, id: value } })
    return {
      data: {
        type,
        ...(id === undefined ? {} : { id }),
        attributes: { posted, ...(at === undefined ? {} : { occurredAt: at }), ...(withExpired === undefined ? {} : { withExpired }) },
        relationships: {
          ...(type === "movement-acts"
            ? { from: one("stores", store), to: one("stores", to ?? this.branch) }
            : { store: one("stores", store) }),
          supplier: one("suppliers", supplier),
          purchaseOrder: one("purchase-orders", purchaseOrder),
          reason: one("write-off-reasons", reason),
          lines: {
            data: lines.map(({ item, bouquet, batch, ...attributes }) => ({
              type: `${type.slice(0, -1)}-lines`,
              attributes,
              relationships: { item: one("inventory-items", item), bouquet: one("bouquets", bouquet), batch: one("stock-batches", batch) },
            })),
          },
        },
      },
    }
  }

  async receive(words: ActWords): Promise<TestAnswer> {
    return this.must(201, await this.ask("POST", "/v1/receipts", this.act("receipts", words)))
  }

  writeOff = (words: ActWords) => this.ask("POST", "/v1/write-offs", this.act("write-offs", words))
  transfer = (words: ActWords) => this.ask("POST", "/v1/movement-acts", this.act("movement-acts", words))
  count = (words: ActWords) => this.ask("POST", "/v1/stocktakes", this.act("stocktakes", words))

  bouquet(words: {
    id?: string
    status?: string
    parts?: readonly [string, number][]
    store?: string
    at?: string
    more?: object
    order?: string
  }): object {
    const { id, status, parts, store = this.store, at, more = {}, order } = words
    return {
      data: {
        type: "bouquets",
        ...(id === undefined ? {} : { id }),
        attributes: { ...(status === undefined ? {} : { status }), ...(at === undefined ? {} : { occurredAt: at }), ...more },
        relationships: {
          store: { data: { type: "stores", id: store } },
          ...(order === undefined ? {} : { order: { data: { type: "orders", id: order } } }),
          ...(parts === undefined
            ? {}
            : {
                components: {
                  data: parts.map(([item, qty]) => ({
                    type: "bouquet-components",
                    attributes: { qty },
                    relationships: { item: { data: { type: "inventory-items", id: item } } },
                  })),
                },
              }),
        },
      },
    }
  }

  make = (words: Parameters<Shop["bouquet"]>[0]) => this.ask("POST", "/v1/bouquets", this.bouquet(words))
  setStatus = (id: string, status: string) =>
    this.ask("PATCH", `/v1/bouquets/${id}`, { data: { type: "bouquets", id, attributes: { status } } })

  issue(words: {
    order: string
    lines: readonly { item?: string; bouquet?: string; qty: number; line?: string }[]
    shortage?: string
    at?: string
    store?: string
    expired?: string
  }): Promise<TestAnswer> {
    const { order, lines, shortage = "refuse", at = new Date().toISOString(), store = this.store, expired } = words
    return this.peer("/v1/issues", {
      orderId: order,
      docNo: `o-${order.slice(-6)}`,
      storeId: store,
      occurredAt: at,
      shortage,
      ...(expired === undefined ? {} : { expired }),
      lines: lines.map(({ item = null, bouquet = null, qty, line }, index) => ({
        lineId: line ?? `${order}-${index}`,
        itemId: item,
        bouquetId: bouquet,
        qty: Math.round(qty * 1_000),
      })),
    })
  }

  must(status: number, answer: TestAnswer): TestAnswer {
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    return answer
  }

  /** Units and kopecks. */
  async balance(item: string, store = this.store): Promise<{ qty: number; cost: number }> {
    const { rows } = await this.platform.shard.query(
      "SELECT qty, cost FROM stock.stock_balance WHERE shop_id = $1 AND store_id = $2 AND item_id = $3",
      [shops.rose, store, item],
    )
    return { qty: Number(rows[0]?.qty ?? 0) / 1_000, cost: Number(rows[0]?.cost ?? 0) }
  }

  async batches(item: string, store = this.store): Promise<{ id: string; qty: number; cost: number; fresh: string | null }[]> {
    const { rows } = await this.platform.shard.query(
      "SELECT id, qty, cost, fresh_until FROM stock.stock_batch WHERE shop_id = $1 AND store_id = $2 AND item_id = $3 AND qty <> 0 ORDER BY fresh_until NULLS LAST, received_at, id",
      [shops.rose, store, item],
    )
    return rows.map((row) => ({
      id: row.id,
      qty: Number(row.qty) / 1_000,
      cost: Number(row.cost),
      fresh: row.fresh_until === null ? null : row.fresh_until.toISOString(),
    }))
  }

  /** As another service tells it. */
  async tell(from: string, type: string, subject: string, data: object, at = new Date()): Promise<void> {
    await this.platform.shard.query(
      `INSERT INTO ${from}.outbox (shop_id, id, type, subject, occurred_at, data) VALUES ($1, $2, $3, $4, $5, $6)`,
      [shops.rose, newId(), type, subject, at, JSON.stringify(data)],
    )
  }

  tellItem(id: string, attributes: object = {}): Promise<void> {
    const item = {
      title: `Item ${id.slice(-4)}`,
      itemType: "item",
      fractional: false,
      public: true,
      categoryId: null,
      freshForDays: null,
      minimumBalance: null,
      prices: [],
    }
    return this.tell("catalog", "resource.changed", id, {
      type: "inventory-items",
      id,
      revision: 1,
      deleted: false,
      attributes: { ...item, ...attributes },
    })
  }
}

/** Every promise about the ledger that holds at any moment, whatever happened; the balances of the database against a replay of its movements. */
export async function assertLedger(platform: Platform): Promise<void> {
  const { rows: batches } = await platform.shard.query(
    `SELECT batch.id, batch.qty, batch.cost, coalesce(sum(movement.qty), 0) AS moved, coalesce(sum(movement.cost), 0) AS moved_cost
     FROM stock.stock_batch batch LEFT JOIN stock.stock_movement movement ON movement.shop_id = batch.shop_id AND movement.batch_id = batch.id
     GROUP BY batch.shop_id, batch.id, batch.qty, batch.cost HAVING batch.qty <> coalesce(sum(movement.qty), 0) OR batch.cost <> coalesce(sum(movement.cost), 0)`,
  )
  assert.deepEqual(batches, [], "a batch's balance is the replay of its movements")
  const { rows: shelves } = await platform.shard.query(
    `SELECT balance.* FROM stock.stock_balance balance LEFT JOIN (
       SELECT shop_id, store_id, item_id, sum(qty) AS qty, sum(cost) AS cost FROM stock.stock_movement WHERE item_id IS NOT NULL GROUP BY 1, 2, 3) moved
       USING (shop_id, store_id, item_id)
     WHERE balance.qty <> coalesce(moved.qty, 0) OR balance.cost <> coalesce(moved.cost, 0)
       OR balance.qty <> received + sold + returned + written_off + sent + arrived + counted + assembled`,
  )
  assert.deepEqual(shelves, [], "a shelf's balance is the replay of its movements, and the sum of its kinds")
  const { rows: internal } = await platform.shard.query(
    `SELECT document_id, sum(cost) AS cost FROM stock.stock_movement
     WHERE kind IN ('transfer-out', 'transfer-in', 'assembly-out', 'assembly-in', 'disassembly-out', 'disassembly-in') GROUP BY document_id HAVING sum(cost) <> 0`,
  )
  assert.deepEqual(internal, [], "transfers, assembly and disassembly neither make nor lose a kopeck")
  const { rows: untold } = await platform.shard.query(
    `SELECT id FROM stock.stock_movement EXCEPT ALL
     SELECT (movement ->> 'id')::uuid FROM stock.outbox, jsonb_array_elements(data -> 'movements') movement WHERE type = 'stock.movements-recorded'`,
  )
  assert.deepEqual(untold, [], "every movement is told")
}

/** What others hear is what the contract says, each movement once. */
export async function assertTold(platform: Platform): Promise<void> {
  const shapes: Readonly<Record<string, z.ZodType>> = {
    [movementsRecorded]: movementsOf,
    [bouquetChanged]: bouquetSnapshot,
    [orderIssued]: issueResult,
  }
  const { rows } = await platform.shard.query("SELECT type, data FROM stock.outbox")
  assert.ok(rows.length > 0)
  for (const { type, data } of rows) assert.ok(shapes[type]?.safeParse(data).success, `${type} ${JSON.stringify(data)}`)
  const told = rows.flatMap(({ data }) => (data.movements ?? []).map(({ id }: { id: string }) => id))
  assert.equal(new Set(told).size, told.length)
}

export async function startStock(): Promise<{ platform: Platform; shop: Shop }> {
  const platform = await startPlatform()
  await platform.start(stock)
  return { platform, shop: new Shop(platform) }
}
