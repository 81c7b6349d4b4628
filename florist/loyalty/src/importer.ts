// Runs imports beside requests, a few rows at a time: the rows' customers, how each row ended and the counts are one transaction, so that wherever it is
// cut off it goes on with the first row that is not done. Started by the service; any number of copies may do it at once.
import type { OpenShop } from "@florist/kit/fleet"
import type { Surroundings } from "@florist/kit/app"
import type { Row } from "@florist/kit/database"
import { Refusal } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { createCustomer, updateCustomer } from "./customer-store.ts"
import type { Author } from "./customer-store.ts"
import { mappingAttributes, readRow } from "./import-mapping.ts"
import type { ImportedCustomer, Mapping } from "./import-mapping.ts"
import { leaveQueue } from "./import-store.ts"
import { OpenAccount } from "./open-account.ts"
import { fullNumber, readPhone } from "./phone.ts"

const rowsAtOnce = 25
const idleMs = 500
const queuedAtOnce = 20

/** Until the signal ends it. */
export async function runImports({ fleet, clock }: Pick<Surroundings, "fleet" | "clock">, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const stepped = await stepAll({ fleet, clock }, signal).catch(() => false)
    if (!stepped) await sleep(idleMs, undefined, { signal }).catch(() => {})
  }
}

/** One step of every import that waits. @returns whether there is more to do at once. */
async function stepAll({ fleet, clock }: Pick<Surroundings, "fleet" | "clock">, signal: AbortSignal): Promise<boolean> {
  let more = false
  for (const shard of await fleet.shards()) {
    const queued = await shard
      .query(`SELECT shop_id, import_id FROM loyalty.import_queue ORDER BY queued_at LIMIT ${queuedAtOnce}`)
      .catch(() => [])
    for (const { shop_id: shopId, import_id: importId } of queued) {
      if (signal.aborted) return false
      const shop = await fleet.shop(Number(shopId))
      more = (await stepGuarded(shop, String(importId), clock())) || more
    }
  }
  return more
}

/** What keeps an import from going on is told where the import is read; it is tried again. */
async function stepGuarded(shop: OpenShop, importId: string, now: Date): Promise<boolean> {
  try {
    return (await importStep(shop, importId, now)) === "more"
  } catch (cause) {
    const problem = cause instanceof Refusal ? cause.message : "The import cannot go on at the moment; it is tried again."
    await shop.write((tx) => tx.query("UPDATE loyalty.customer_import SET problem = $2 WHERE id = $1", [importId, problem])).catch(() => {})
    return false
  }
}

export function importStep(shop: OpenShop, importId: string, now: Date): Promise<"more" | "finished"> {
  return shop.write(async (tx) => {
    await tx.revision()
    const [found] = await tx.query(
      "SELECT mapping, created_by FROM loyalty.customer_import WHERE id = $1 AND NOT deleted AND status <> 'done'",
      [importId],
    )
    const rows = await tx.query(
      `SELECT place, id, fields FROM loyalty.customer_import_row WHERE import_id = $1 AND outcome IS NULL ORDER BY place LIMIT ${rowsAtOnce}`,
      [importId],
    )
    if (found === undefined || rows.length === 0) {
      await leaveQueue(tx, importId)
      await tx.query(
        "UPDATE loyalty.customer_import SET status = 'done', finished_at = $2, problem = NULL WHERE id = $1 AND status <> 'done'",
        [importId, now],
      )
      return "finished"
    }
    const mapping = mappingAttributes.parse(found.mapping)
    const author: Author = { worker: String(found.created_by), role: "owner", now }
    const outcomes: Outcome[] = []
    for (const row of rows) outcomes.push(await importRow(tx, row, mapping, author))
    await keepOutcomes(tx, importId, outcomes)
    return "more"
  })
}

interface Outcome {
  place: number
  outcome: "created" | "updated" | "failed"
  customer_id: string | null
  problem: string | null
}

const fieldsShape = z.array(z.string())

async function importRow(tx: Transaction, row: Row, mapping: Mapping, author: Author): Promise<Outcome> {
  const place = Number(row.place)
  try {
    const imported = readRow(fieldsShape.parse(row.fields), mapping)
    const known = await findKnown(tx, imported)
    if (known === undefined)
      return { place, outcome: "created", customer_id: await createFrom(tx, String(row.id), imported, author), problem: null }
    await updateCustomer(tx, known, { attributes: imported.attributes, relationships: undefined }, author)
    return { place, outcome: "updated", customer_id: known, problem: null }
  } catch (cause) {
    // Rows are refused before anything of them is written.
    if (!(cause instanceof Refusal) || cause.status === 503) throw cause
    return { place, outcome: "failed", customer_id: null, problem: cause.message }
  }
}

/** By the card, which only one has; else by the phone, the oldest of those who share it. */
async function findKnown(tx: Transaction, { attributes }: ImportedCustomer): Promise<string | undefined> {
  const phone = typeof attributes.phone === "string" ? readPhone(attributes.phone) : undefined
  const [known] = await tx.query(
    `SELECT id, bonus_card IS NOT DISTINCT FROM $1 AS by_card FROM loyalty.customer
     WHERE status <> 'deleted' AND (bonus_card = $1 OR full_phone = $2) ORDER BY by_card DESC, occurred_at, id LIMIT 1`,
    [attributes.bonusCard ?? null, phone === undefined ? null : fullNumber(phone)],
  )
  return known === undefined ? undefined : String(known.id)
}

async function createFrom(tx: Transaction, id: string, { attributes, points }: ImportedCustomer, author: Author): Promise<string> {
  await createCustomer(tx, { id, attributes, relationships: undefined }, author)
  const account = points === 0 ? undefined : await OpenAccount.open(tx, id)
  const circumstances = { occurredAt: author.now, reason: "Import", createdBy: author.worker }
  account?.credit({ kind: "granted", orderId: null, sourceLine: `import:${id}`, points }, circumstances)
  await account?.close(tx, author.now)
  return id
}

async function keepOutcomes(tx: Transaction, importId: string, outcomes: readonly Outcome[]): Promise<void> {
  await tx.query(
    `UPDATE loyalty.customer_import_row kept SET outcome = done.outcome, customer_id = done.customer_id, problem = done.problem
     FROM jsonb_to_recordset($2::jsonb) AS done (place int, outcome text, customer_id uuid, problem text)
     WHERE kept.import_id = $1 AND kept.place = done.place`,
    [importId, JSON.stringify(outcomes)],
  )
  const count = (outcome: Outcome["outcome"]) => outcomes.filter((each) => each.outcome === outcome).length
  await tx.query(
    `UPDATE loyalty.customer_import SET status = 'running', problem = NULL, created = created + $2, updated = updated + $3, failed = failed + $4 WHERE id = $1`,
    [importId, count("created"), count("updated"), count("failed")],
  )
}
