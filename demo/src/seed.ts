// Fills the platform's databases by COPY: the directory at once, the shards as soon as the first version's tables are there. Called by the demo.
import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { finished } from "node:stream/promises"
import pg from "pg"
import { from } from "pg-copy-streams"
import { randomFrom } from "./random.ts"
import { itemRows, paymentRows, shopRow } from "./seed-rows.ts"
import type { PaymentRow } from "./seed-rows.ts"

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

const directorySql = new URL("../../florist/directory.sql", import.meta.url)

export async function seedFlorist(options: SeedOptions): Promise<void> {
  await seedDirectory(options)
  await seedShards(options)
}

/** Which shop is on which shard. Needs an empty database. */
export async function seedDirectory({ directoryUrl, shards, shops, seed }: SeedOptions): Promise<void> {
  const random = randomFrom(seed)
  const names = shards.map(({ name }) => name)
  await withClient(directoryUrl, async (client) => {
    await client.query(await readFile(directorySql, "utf8"))
    for (const { name, url } of shards) await client.query("INSERT INTO directory.shard (name, url) VALUES ($1, $2)", [name, url])
    const shop = new Copy(client, "directory.shop (id, shard, name, city)")
    for (let id = 1; id <= shops; id++) {
      const row = shopRow(id, names, random)
      await shop.write([row.id, row.shard, row.name, row.city])
    }
    await shop.end()
  })
}

/** What the shops sell and what was paid, in the first version's columns. Needs the first version's tables. */
export async function seedShards(options: SeedOptions): Promise<void> {
  const clients = await Promise.all(options.shards.map(({ url }) => connect(url)))
  try {
    await copyItems(clients, options)
    await copyPayments(clients, options)
    await Promise.all(clients.map((client) => client.query("VACUUM (ANALYZE) catalog.item, payments.payment")))
  } finally {
    await Promise.all(clients.map((client) => client.end()))
  }
}

async function copyItems(clients: readonly pg.Client[], { shops, seed }: SeedOptions): Promise<void> {
  const random = randomFrom(seed + 1)
  const copies = clients.map((client) => new Copy(client, "catalog.item (shop_id, id, name, kind, price, currency)"))
  for (let shop = 1; shop <= shops; shop++) {
    for (const { id, name, kind, price } of itemRows(random)) await ofShop(copies, shop).write([shop, id, name, kind, price, "RUB"])
  }
  await Promise.all(copies.map((copy) => copy.end()))
}

async function copyPayments(clients: readonly pg.Client[], { shops, rows, seed, onProgress }: SeedOptions): Promise<void> {
  const copies = clients.map((client) => new Copy(client, `payments.payment (${paymentColumns})`))
  let done = 0
  for (const row of paymentRows({ shops, rows, random: randomFrom(seed + 2) })) {
    await ofShop(copies, row.shop).write(paymentLine(row))
    done += 1
    if (done % 5_000 === 0 || done === rows) onProgress?.({ rows: done, of: rows })
  }
  await Promise.all(copies.map((copy) => copy.end()))
}

const paymentColumns = "shop_id, id, order_id, method, amount, currency, status, cashier, customer_id, occurred_at, created_at, note"

function paymentLine(row: PaymentRow): (string | number | null)[] {
  const { shop, id, order, method, amount, status, cashier, customer, note } = row
  const at = new Date(row.occurredAt).toISOString()
  return [shop, id, order, method, amount, "RUB", status, cashier, customer, at, at, note]
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
