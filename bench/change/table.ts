// The table that the backfill is measured on: a million payments of about a hundred bytes with seven indexes, and the
// change that derives a column that hardly widens them, so that what grows is bloat. Called by the scenarios of this folder.
import pg from "pg"
import { parseChange } from "../../packages/conveyor/src/change/files/load-changes.ts"

export const change = parseChange(
  "changes/0002-payment-methods.yml",
  "0002-payment-methods",
  `summary: One payment, several methods
operations:
  - derive_columns:
      table: payments.payment
      from: { method: text }
      to:
        method_code: { type: smallint, nullable: false }
      up: { method_code: "CASE method WHEN 'cash' THEN 1 WHEN 'card' THEN 2 WHEN 'qr' THEN 3 END" }
      down: { method: "CASE method_code WHEN 1 THEN 'cash' WHEN 2 THEN 'card' WHEN 3 THEN 'qr' END" }
`,
)

/** The same work as the change's, by hand. */
export const derivation = "method_code = CASE method WHEN 'cash' THEN 1 WHEN 'card' THEN 2 WHEN 'qr' THEN 3 END"

export const handMadeColumns = "ALTER TABLE payments.payment ADD COLUMN method_code smallint"

export async function fillTable(url: string, rows: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(`
      CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
      CREATE SCHEMA payments;
      CREATE TABLE payments.payment (id bigint PRIMARY KEY, shop_id int NOT NULL, order_id uuid NOT NULL, amount bigint NOT NULL,
        created_at timestamptz NOT NULL, method text NOT NULL, cashier text NOT NULL, status text NOT NULL);
      INSERT INTO payments.payment
      SELECT i, i % 8500, md5(i::text)::uuid, i % 100000, '2026-01-01'::timestamptz + i * interval '10 s', (ARRAY['cash', 'card', 'qr'])[i % 3 + 1], 'cashier-' || i % 300, 'paid'
      FROM generate_series(1, ${rows}) i;
      CREATE INDEX payment_shop ON payments.payment (shop_id, created_at);
      CREATE INDEX payment_order ON payments.payment (order_id);
      CREATE INDEX payment_amount ON payments.payment (amount);
      CREATE INDEX payment_method ON payments.payment (shop_id, method);
      CREATE INDEX payment_cashier ON payments.payment (cashier, created_at);
      CREATE INDEX payment_created ON payments.payment (created_at)`)
    await client.query("VACUUM (ANALYZE, FREEZE) payments.payment")
    await client.query("CHECKPOINT")
  })
}

export interface TableSize {
  heapBytes: number
  indexBytes: number
}

export async function sizeOf(url: string): Promise<TableSize> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ heap: string; indexes: string }>(
      "SELECT pg_table_size('payments.payment') AS heap, pg_indexes_size('payments.payment') AS indexes",
    )
    return { heapBytes: Number(rows[0]?.heap), indexBytes: Number(rows[0]?.indexes) }
  })
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
