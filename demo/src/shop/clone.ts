// Thousands of shops from a few that were really lived in: every row of a shop, in every table of every service, copied under other shops' numbers.
// Rows belong to shops by `shop_id` and refer to each other within them, so a copy is as consistent as its model. Called by generators of data and `npm run florist`.
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
      const values = ["shops.id", ...others.map((column) => copiedValue(column, "shops.id"))].join(", ")
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

export interface CarryOptions {
  /** Owners' URLs of two shards. */
  from: string
  to: string
  model: number
  /** Its number on the other shard, where it can be a model in turn. */
  shop: number
}

const rowsAtOnce = 2_000

/** A copy on another shard, by way of this process. */
export async function carryShop({ from, to, model, shop }: CarryOptions): Promise<{ rows: number }> {
  const source = new pg.Client({ connectionString: from })
  const target = new pg.Client({ connectionString: to })
  await Promise.all([source.connect(), target.connect()])
  try {
    // What is read is one moment's, whoever writes meanwhile.
    await source.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    await target.query("BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off")
    let rows = 0
    for (const { table, columns } of await tablesOf(source)) {
      const names = columns.map(quoted).join(", ")
      const values = columns.map((column) => (column === "shop_id" ? "$2::bigint" : copiedValue(column, "$2::bigint"))).join(", ")
      await source.query(
        `DECLARE carried NO SCROLL CURSOR FOR SELECT to_jsonb(model)::text AS row FROM ${table} model WHERE shop_id = ${model}`,
      )
      for (;;) {
        const { rows: some } = await source.query<{ row: string }>(`FETCH ${rowsAtOnce} FROM carried`)
        if (some.length === 0) break
        await target.query(
          `INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE SELECT ${values} FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb) model
           WHERE $2::bigint IS NOT NULL`,
          [`[${some.map(({ row }) => row).join(",")}]`, shop],
        )
        rows += some.length
      }
      await source.query("CLOSE carried")
    }
    await target.query("COMMIT")
    return { rows }
  } finally {
    await Promise.all([source.end(), target.end()])
  }
}

export interface Entering {
  directoryUrl: string
  model: number
  /** By the shard that keeps them. */
  shard: string
  shops: readonly number[]
}

/** Copies are reached as soon as they stand here: their places, and the names that their people sign in with. */
export async function enterCopies({ directoryUrl, model, shard, shops }: Entering): Promise<void> {
  const client = new pg.Client({ connectionString: directoryUrl })
  await client.connect()
  try {
    await client.query(
      `WITH opened AS (INSERT INTO directory.shop (id, shard, name, city)
         SELECT copy.id, $3, shop.name || ' ' || copy.id, shop.city FROM directory.shop CROSS JOIN unnest($2::bigint[]) AS copy(id)
         WHERE shop.id = $1 RETURNING id)
       INSERT INTO directory.login (username, shop_id) SELECT login.username || '.' || opened.id, opened.id
       FROM directory.login CROSS JOIN opened WHERE login.shop_id = $1`,
      [model, shops, shard],
    )
  } finally {
    await client.end()
  }
}

const quoted = (column: string) => `"${column}"`

/** User names are one platform's, so that a copy has its shop's number behind the model's. */
const copiedValue = (column: string, shop: string): string =>
  column === "username" ? `regexp_replace(model.username, '\\.' || model.shop_id || '$', '') || '.' || ${shop}` : `model.${quoted(column)}`

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
