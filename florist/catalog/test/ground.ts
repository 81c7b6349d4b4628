// The catalog with stand-ins for the services that it follows, and a client of the published API. Called by this folder's tests.
import assert from "node:assert/strict"
import type { Service } from "@florist/kit/app"
import { movement } from "@florist/kit/contracts/stock"
import type { Movement } from "@florist/kit/contracts/stock"
import { newId } from "@florist/kit/id"
import type { Operation } from "@florist/kit/operation"
import { PublishedClient } from "@florist/published/exchange"
import type { AnswerSeen } from "@florist/published/exchange"
import { shops, startPlatform } from "../../kit/test/platform.ts"
import type { Platform } from "../../kit/test/platform.ts"
import { catalog } from "../src/service.ts"

export interface Ground extends AsyncDisposable {
  platform: Platform
  client: PublishedClient
  operations: readonly Operation[]
  owner: string
  ask(method: string, path: string, options?: Asking): Promise<AnswerSeen>
  /** As the service `from` tells it, in its outbox. */
  tell(from: "stock" | "orders", type: string, data: object): Promise<void>
  /** Something that changes with every write. */
  fingerprint(): Promise<string>
}

export interface Asking {
  params?: Record<string, string>
  query?: Record<string, string | number | boolean | readonly string[]>
  body?: unknown
  token?: string
  key?: string
}

const tables = ["category", "item", "item_vendor", "barcode", "vendor_code", "item_word", "price", "price_change", "outbox"]

export async function openGround(service: Service = catalog): Promise<Ground> {
  const platform = await startPlatform()
  const { address, app } = await platform.start(service)
  const client = new PublishedClient({ base: `${address}/api` })
  const owner = await platform.token()
  return {
    platform,
    client,
    operations: service.operations(app.surroundings),
    owner,
    ask: (method, path, options = {}) => client.call(method, path, { token: owner, ...options }),
    async tell(from, type, data) {
      await platform.shard.query(
        `INSERT INTO ${from}.outbox (shop_id, id, type, subject, occurred_at, data) VALUES ($1, $2, $3, 'x', now(), $4)`,
        [shops.rose, newId(), type, JSON.stringify(data)],
      )
      await platform.settle()
    },
    async fingerprint() {
      const sums = tables.map(
        (table) => `(SELECT count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM catalog.${table} t)`,
      )
      const { rows } = await platform.shard.query(`SELECT concat_ws(' ', ${sums.join(", ")}) AS sum`)
      return String(rows[0]?.sum)
    },
    [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
  }
}

export const idsOf = ({ many }: AnswerSeen): string[] => many.map(({ id }) => id)

export const itemBody = (attributes: Record<string, unknown> = {}, relationships: object = {}, id: string = newId()) => ({
  data: { type: "inventory-items", id, attributes: { title: "White rose", ...attributes }, relationships },
})

export const categoryBody = (title: string, parent: string | null = null, id: string = newId()) => ({
  data: {
    type: "categories",
    id,
    attributes: { title },
    relationships: { parent: { data: parent === null ? null : { type: "categories", id: parent } } },
  },
})

export const priceBody = (store: string | null, attributes: object) => ({
  type: "prices",
  attributes,
  relationships: { store: { data: store === null ? null : { type: "stores", id: store } } },
})

export const link = (type: string, id: string) => ({ data: { type, id } })

/** One line of stock's ledger. */
export function moved(line: Partial<Movement> & Pick<Movement, "itemId" | "storeId" | "qty">): Movement {
  return movement.parse({
    id: newId(),
    bouquetId: null,
    batchId: newId(),
    categoryId: null,
    kind: "receipt",
    cost: line.qty * 5,
    documentId: newId(),
    documentNo: "1",
    lineId: newId(),
    reasonId: null,
    occurredAt: new Date(),
    ...line,
  })
}

export function textOf(value: unknown): string {
  assert.ok(typeof value === "string", `expected text, got ${JSON.stringify(value)}`)
  return value
}
