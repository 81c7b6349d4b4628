// A shop that the service knows from events alone: opened for a test, told things, asked over HTTP, its projections dumped. Used by the tests of reports.
import { openFleet } from "@florist/kit/fleet"
import type { Fleet } from "@florist/kit/fleet"
import pg from "pg"
import { startPlatform } from "../../kit/test/platform.ts"
import type { Platform } from "../../kit/test/platform.ts"
import { keepFact } from "../src/fact.ts"
import { sidedTables } from "../src/projection.ts"
import { reports } from "../src/service.ts"
import { historyNow, stores } from "./history.ts"
import type { Told } from "./history.ts"

export interface Ground extends AsyncDisposable {
  platform: Platform
  fleet: Fleet
  /** A new shop on the first shard, whose stores are known. */
  openShop: () => Promise<number>
  tell: (shop: number, events: readonly Told[]) => Promise<void>
  /** Through the senders' outboxes, until the service has followed them. */
  send: (shop: number, events: readonly Told[]) => Promise<void>
  get: (shop: number, path: string, query?: Readonly<Record<string, string | readonly string[]>>) => Promise<Answer>
  /** Every row of the side that is read, in a fixed order. */
  dump: (shop: number) => Promise<Record<string, unknown[]>>
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers freely
export type Answer = { status: number; body: any }

export async function startGround(): Promise<Ground> {
  const platform = await startPlatform()
  platform.clock.set(historyNow)
  await platform.start(reports)
  const fleet = openFleet({ service: "reports", directoryUrl: platform.directoryUrl, poolSize: 4 })
  const directory = new pg.Pool({ connectionString: platform.postgres.url("directory"), max: 1 })
  let opened = 1_000
  return {
    platform,
    fleet,
    async openShop() {
      const shop = ++opened
      await directory.query("INSERT INTO directory.shop SELECT $1, 's1', 'Shop', 'Tver'", [shop])
      await platform.shard.query(
        `INSERT INTO reports.known_resource (shop_id, type, id, revision, deleted, attributes)
         SELECT $1, 'stores', unnest($2::text[]), 1, false, '{"title":"Store"}'`,
        [shop, stores],
      )
      return shop
    },
    async tell(shop, events) {
      const open = await fleet.shop(shop)
      for (const event of events) await open.write((tx) => keepFact(tx, { ...event, shop }))
    },
    async send(shop, events) {
      for (const { id, type, subject, occurredAt, data } of events) {
        await platform.shard.query(
          `INSERT INTO ${senderOf(type, data)}.outbox (shop_id, id, type, subject, occurred_at, data) VALUES ($1, $2, $3, $4, $5, $6)`,
          [shop, id, type, subject, occurredAt, JSON.stringify(data)],
        )
      }
      await platform.settle()
    },
    async get(shop, path, query = {}) {
      const search = new URLSearchParams()
      for (const [name, value] of Object.entries(query))
        for (const each of typeof value === "string" ? [value] : value) search.append(name, each)
      const token = await platform.token({ shop })
      return platform.ask({ service: "reports", path: `/api${path}?${search.toString()}`, token })
    },
    async dump(shop) {
      const dumped: Record<string, unknown[]> = {}
      for (const table of sidedTables) {
        // Sums that came to nothing are as good as none.
        const { rows } = await platform.shard.query<{ row: Record<string, unknown> }>(
          `SELECT to_jsonb(t) - 'side' - 'shop_id' AS row FROM reports.${table} t
           WHERE shop_id = $1 AND side = (SELECT side FROM reports.projection WHERE shop_id = $1) ORDER BY to_jsonb(t)::text`,
          [shop],
        )
        const measured = rows
          .map(({ row }) => row)
          .filter((row) => !table.endsWith("_total") || Object.entries(row).some(([name, value]) => isMeasure(name) && value !== 0))
        dumped[table] = measured.map((row) => JSON.stringify(row)).toSorted()
      }
      return dumped
    },
    async [Symbol.asyncDispose]() {
      await fleet.close()
      await directory.end()
      await platform[Symbol.asyncDispose]()
    },
  }
}

const isMeasure = (name: string): boolean => !["breakdown", "grain", "start", "store_id", "key"].includes(name)

const senders: Readonly<Record<string, string>> = {
  order: "orders",
  payment: "payments",
  stock: "stock",
  loyalty: "loyalty",
  staff: "staff",
}

const owners: Readonly<Record<string, string>> = { stores: "staff", workers: "staff", "inventory-items": "catalog" }

const senderOf = (type: string, data: unknown): string =>
  senders[type.split(".")[0] ?? ""] ?? owners[(data as { type: string }).type] ?? "gateway"
