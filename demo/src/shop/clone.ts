// Thousands of shops from a few that were really lived in: every row of a shop, in every table of every service, copied under other shops' numbers.
// Rows belong to shops by `shop_id` and refer to each other within them, so a copy is as consistent as its model. Called by the benchmark and `npm run florist`.
import pg from "pg"

export interface CloneOptions {
  /** The owner's URL of a shard that holds the model. */
  url: string
  model: number
  /** New shop numbers, none of which is there yet. */
  shops: readonly number[]
}

const schemas = ["staff", "catalog", "stock", "orders", "payments", "loyalty", "reports", "gateway"]
/** Copies must not send the model's events again, nor hold its answers and its waiting work. */
const leftOut = /\.(outbox|inbox|stuck_event|idempotency|\w*_due)$/

/** All in one transaction, with triggers and foreign keys asleep: the model satisfies them, so its copies do. */
export async function cloneShops({ url, model, shops }: CloneOptions): Promise<{ rows: number }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query("BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off")
    let rows = 0
    for (const { table, columns } of await tablesOf(client)) {
      const others = columns.filter((column) => column !== "shop_id")
      const names = ["shop_id", ...others.map(quoted)].join(", ")
      const values = ["shops.id", ...others.map(copiedValue)].join(", ")
      const copied = await client.query(
        `INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE SELECT ${values}
         FROM unnest($2::bigint[]) AS shops(id) CROSS JOIN ${table} model WHERE model.shop_id = $1`,
        [model, shops],
      )
      rows += copied.rowCount ?? 0
    }
    await client.query("COMMIT")
    return { rows }
  } finally {
    await client.end()
  }
}

const quoted = (column: string) => `"${column}"`

/** User names are one platform's, so that a copy has its shop's number behind the model's. */
const copiedValue = (column: string) => (column === "username" ? `model.username || '.' || shops.id` : `model.${quoted(column)}`)

async function tablesOf(client: pg.Client): Promise<{ table: string; columns: string[] }[]> {
  const { rows } = await client.query<{ table: string; columns: string[] }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS "table", array_agg(a.attname::text ORDER BY a.attnum) AS columns
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relkind = 'r' AND n.nspname = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     GROUP BY 1 HAVING bool_or(a.attname = 'shop_id') ORDER BY 1`,
    [schemas],
  )
  return rows.filter(({ table }) => !leftOut.test(table))
}
