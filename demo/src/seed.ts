// Fills the platform's databases by COPY: the directory at once, the shards as soon as the first version's tables are there. Called by the demo.
import { once } from "node:events"
import { finished } from "node:stream/promises"
import pg from "pg"
import { from } from "pg-copy-streams"
import { furnishShop, owner, store } from "./model.ts"
import { randomFrom } from "./random.ts"
import { paymentRows, shopRow } from "./seed-rows.ts"
import type { PaymentRow } from "./seed-rows.ts"
import { cloneShops } from "./shop/clone.ts"
import { prepareDirectory } from "./shop/schema.ts"
import { settle } from "./shop/settle.ts"

export interface SeedOptions {
  directoryUrl: string
  shards: readonly { name: string; url: string }[]
  shops: number
  /** Payments. */
  rows: number
  /** The same number gives the same platform. */
  seed: number
  onProgress?: (progress: SeedProgress) => void
}

export interface SeedProgress {
  rows: number
  of: number
}

/** Which shop is on which shard. Needs an empty directory. */
export async function seedDirectory({ directoryUrl, shards, shops, seed }: SeedOptions): Promise<void> {
  const random = randomFrom(seed)
  const names = shards.map(({ name }) => name)
  await prepareDirectory({ directoryUrl, shards })
  await withClient(directoryUrl, async (client) => {
    const shop = new Copy(client, "directory.shop (id, shard, name, city)")
    for (let id = 1; id <= shops; id++) {
      const row = shopRow(id, names, random)
      await shop.write([row.id, row.shard, row.name, row.city])
    }
    await shop.end()
  })
}

/**
 * What the shops have and what was paid, by the first version: one shop of each shard is furnished through its API, the others are copies of it, and payments of
 * a season are copied into its columns. Needs the first version's tables and services.
 */
export async function seedShards(options: SeedOptions & { edge: string; signal: AbortSignal }): Promise<void> {
  await furnishShops(options)
  const clients = await Promise.all(options.shards.map(({ url }) => connect(url)))
  try {
    await copyPayments(clients, options)
    await Promise.all(clients.map((client) => client.query("VACUUM (ANALYZE)")))
  } finally {
    await Promise.all(clients.map((client) => client.end()))
  }
}

async function furnishShops({
  directoryUrl,
  shards,
  shops,
  edge,
  signal,
}: SeedOptions & { edge: string; signal: AbortSignal }): Promise<void> {
  const numbers = Array.from({ length: shops }, (_, n) => n + 1)
  for (const shard of shards) {
    const [model, ...others] = numbers.filter((shop) => ofShop(shards, shop) === shard)
    if (model === undefined) continue
    await furnishShop({ edge, directoryUrl, shop: model, shard: shard.name, name: "Rose Corner", city: "Tver", signal })
    await settle([shard], { signal })
    await cloneShops({ url: shard.url, model, shops: others })
  }
}

async function copyPayments(clients: readonly pg.Client[], { shops, rows, seed, onProgress }: SeedOptions): Promise<void> {
  const copies = clients.map((client) => new Copy(client, `payments.sale (${paymentColumns})`))
  const givenBack: PaymentRow[] = []
  let done = 0
  for (const row of paymentRows({ shops, rows, random: randomFrom(seed + 2) })) {
    await ofShop(copies, row.shop).write(paymentLine(row))
    if (row.refunded > 0) givenBack.push(row)
    done += 1
    if (done % 5_000 === 0 || done === rows) onProgress?.({ rows: done, of: rows })
  }
  await Promise.all(copies.map((copy) => copy.end()))
  const refunds = clients.map((client) => new Copy(client, `payments.refund (${refundColumns})`))
  for (const row of givenBack) await ofShop(refunds, row.shop).write(refundLine(row))
  await Promise.all(refunds.map((copy) => copy.end()))
}

const refundColumns = "shop_id, id, sale_id, payment_id, type, origin, state, method, amount, occurred_at, recorded_at, date, store_id"

/** Everything that a payment brought went back with it; its refund has the payment's number. */
function refundLine({ shop, id, order, method, refunded, occurredAt }: PaymentRow): (string | number | null)[] {
  const at = new Date(occurredAt).toISOString()
  return [shop, id, order, id, "return", "client", "done", method, refunded, at, at, at.slice(0, 10), store]
}

const paymentColumns = `shop_id, id, revision, doc_no, store_id, total, status, occurred_at, posted_at, returned_at, paid_id, paid_by, paid_amount, paid_refunded,
  paid_at, paid_recorded_at, paid_date, paid_store, paid_worker, paid_posted_by, paid_posted_at, paid_ref, paid_note, paid_prepayment, paid_fiscalized`

function paymentLine({ shop, id, order, method, ref, amount, refunded, docNo, occurredAt, note }: PaymentRow): (string | number | null)[] {
  const at = new Date(occurredAt).toISOString()
  const [status, returnedAt] = refunded > 0 ? ["returned", at] : ["done", null]
  const sale = [shop, order, 1, docNo, store, amount, status, at, at, returnedAt]
  return [...sale, id, method, amount, refunded, at, at, at.slice(0, 10), store, owner, owner, at, ref, note, "f", "f"]
}

/** As `shopRow` spreads the shops. */
function ofShop<T>(shards: readonly T[], shop: number): T {
  const shard = shards[shop % shards.length]
  if (shard === undefined) throw new RangeError("A platform needs a shard.")
  return shard
}

const bufferedBytes = 64 * 1024

/** One COPY under way. Lines are sent in larger pieces, no faster than the server takes them. */
class Copy {
  readonly #stream: NodeJS.WritableStream
  readonly #done: Promise<void>
  #buffer = ""

  constructor(client: pg.Client, target: string) {
    this.#stream = client.query(from(`COPY ${target} FROM STDIN`))
    this.#done = finished(this.#stream)
    // Whoever ends the copy is told; until then a failure is not unhandled.
    this.#done.catch(() => {})
  }

  async write(values: readonly (string | number | null)[]): Promise<void> {
    this.#buffer += `${values.map((value) => value ?? "\\N").join("\t")}\n`
    if (this.#buffer.length >= bufferedBytes) await this.#flush()
  }

  async end(): Promise<void> {
    await this.#flush()
    this.#stream.end()
    await this.#done
  }

  async #flush(): Promise<void> {
    const piece = this.#buffer
    this.#buffer = ""
    if (!this.#stream.write(piece)) await Promise.race([once(this.#stream, "drain"), this.#done])
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = await connect(url)
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
}
