// Looks every acknowledged write up in the databases themselves, past the services that acknowledged it. Called by the demo at its end.
import pg from "pg"

/** A line of the witness's `acknowledged.ndjson`: `store` is a table, `key` begins with "<shop>/<id>". */
export interface AcknowledgedWrite {
  store: string
  key: string
}

export interface LookupOptions {
  directoryUrl: string
  writes: readonly AcknowledgedWrite[]
}

const idColumns: Readonly<Record<string, string>> = {
  "orders.sale_order": "id",
  "payments.payment": "id",
  "payments.receipt": "payment_id",
}
const atOnce = 10_000

/** The writes that are nowhere to be found. */
export async function missingWrites({ directoryUrl, writes }: LookupOptions): Promise<AcknowledgedWrite[]> {
  const shardOf = await shardsByShop(directoryUrl)
  const byShard = Map.groupBy(writes, ({ key }) => shardOf.get(key.split("/")[0] ?? "") ?? "")
  // A shop that is in no directory keeps nothing.
  const missing = [...(byShard.get("") ?? [])]
  byShard.delete("")
  for (const [url, ofShard] of byShard) missing.push(...(await missingOnShard(url, ofShard)))
  return missing
}

async function missingOnShard(url: string, writes: readonly AcknowledgedWrite[]): Promise<AcknowledgedWrite[]> {
  return withClient(url, async (client) => {
    const missing: AcknowledgedWrite[] = []
    for (const [table, ofTable] of Map.groupBy(writes, ({ store }) => store)) {
      for (let start = 0; start < ofTable.length; start += atOnce) {
        missing.push(...(await missingOf(client, table, ofTable.slice(start, start + atOnce))))
      }
    }
    return missing
  })
}

async function missingOf(client: pg.Client, table: string, writes: readonly AcknowledgedWrite[]): Promise<AcknowledgedWrite[]> {
  const id = idColumns[table]
  if (id === undefined) throw new Error(`No acknowledged write can be in "${table}"; known are: ${Object.keys(idColumns).join(", ")}`)
  const keys = writes.map(({ key }) => key.split("/"))
  const { rows } = await client.query<{ place: number }>(
    `SELECT place::int FROM unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY AS write(shop, id, place)
     WHERE NOT EXISTS (SELECT FROM ${table} WHERE shop_id = write.shop AND ${table}.${id} = write.id)`,
    [keys.map(([shop]) => shop), keys.map(([, id]) => id)],
  )
  return rows.flatMap(({ place }) => writes[place - 1] ?? [])
}

async function shardsByShop(directoryUrl: string): Promise<Map<string, string>> {
  return withClient(directoryUrl, async (client) => {
    const { rows } = await client.query<{ id: string; url: string }>(
      "SELECT shop.id, shard.url FROM directory.shop JOIN directory.shard ON shard.name = shop.shard",
    )
    return new Map(rows.map(({ id, url }) => [id, url]))
  })
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
