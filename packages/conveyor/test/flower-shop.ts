// The schema that end-to-end tests change: flowers whose prices become kopecks. Used by every test of an installation.
import pg from "pg"

/** A table's row count that makes a backfill last for some batches. */
export const rows = 60_000

const flowers = "shop.flower"

export const kopecks = (table = flowers) => `summary: Prices in kopecks
operations:
  - derive_columns:
      table: ${table}
      from: { price: "numeric(12,2)" }
      to: { kopecks: { type: bigint, nullable: false } }
      up: { kopecks: "(price * 100)::bigint" }
      down: { price: "(kopecks / 100.0)::numeric(12,2)" }
`

export async function plantFlowers(url: string, table = flowers, count = rows): Promise<void> {
  await ask(url, `CREATE SCHEMA IF NOT EXISTS shop; CREATE TABLE ${table} (id bigint PRIMARY KEY, price numeric(12,2) NOT NULL)`)
  await ask(url, `INSERT INTO ${table} SELECT n, n % 1000 + 0.5 FROM generate_series(1, ${count}) n; ANALYZE ${table}`)
}

/** Rows whose new column is filled and right; also before there is one. */
export async function movedRows(url: string, table = flowers): Promise<number> {
  const [row] = await ask(url, `SELECT count(*)::int AS n FROM ${table} f WHERE to_jsonb(f) ->> 'kopecks' = ((price * 100)::bigint)::text`)
  return Number(row?.["n"] ?? 0)
}

export async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
