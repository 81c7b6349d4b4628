// One transaction of one shop, with what the platform's writes share: the shop's next revision and the outbox. Made by the fleet and the relay.
import type { Reader } from "./database.ts"
import { newId } from "./id.ts"

export interface EventToSend {
  /** "order.posted" */
  type: string
  /** Id of what it is about. */
  subject: string
  /** When it happened in the shop, by the client's clock. */
  occurredAt: Date
  data: object
}

export interface Transaction extends Reader {
  readonly shop: number
  /** Tells the other services, if and only if this transaction commits; in order for each shop. */
  emit(event: EventToSend): void
  /**
   * The shop's next revision in this service: greater than any that was committed before, one for all rows of this transaction. Others of the same shop wait
   * for it until commit, so ask for it late.
   */
  revision(): Promise<number>
}

export interface TransactionOptions {
  service: string
  shop: number
  reader: Reader
}

export async function openTransaction<T>({ service, shop, reader }: TransactionOptions, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const events: EventToSend[] = []
  let revision: Promise<number> | undefined
  const result = await work({
    shop,
    query: (text, values) => reader.query(text, values),
    emit: (event) => void events.push(event),
    revision: () => (revision ??= nextRevision(service, shop, reader)),
  })
  if (events.length > 0) await send(service, shop, reader, events)
  return result
}

async function nextRevision(service: string, shop: number, reader: Reader): Promise<number> {
  const [row] = await reader.query(
    `INSERT INTO ${service}.revision (shop_id, value) VALUES ($1, 1)
     ON CONFLICT (shop_id) DO UPDATE SET value = revision.value + 1 RETURNING value`,
    [shop],
  )
  return Number(row?.value)
}

async function send(service: string, shop: number, reader: Reader, events: readonly EventToSend[]): Promise<void> {
  const rows = events.map(({ type, subject, occurredAt, data }) => ({ id: newId(), type, subject, occurred_at: occurredAt, data }))
  await reader.query(
    `INSERT INTO ${service}.outbox (shop_id, id, type, subject, occurred_at, data)
     SELECT $1, id, type, subject, occurred_at, data
     FROM ROWS FROM (jsonb_to_recordset($2::jsonb) AS (id uuid, type text, subject text, occurred_at timestamptz, data jsonb)) WITH ORDINALITY
     ORDER BY ordinality`,
    [shop, JSON.stringify(rows)],
  )
}
