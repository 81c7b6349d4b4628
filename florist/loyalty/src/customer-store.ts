// Customers in the database: created once, changed, found again, with what they are searched by and linked to. Called by the customers' operations and by imports.
import type { Reader, Row } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { publish } from "@florist/kit/known"
import { conflict, forbidden, invalid, notFound } from "@florist/kit/refusal"
import { management } from "@florist/kit/role"
import type { Role } from "@florist/kit/role"
import type { Transaction } from "@florist/kit/transaction"
import { changedFacts, customerColumns, customerResource, factsOf, nobody } from "./customer.ts"
import type { CustomerData, CustomerFacts, CustomerRelationships } from "./customer.ts"
import { enterGroups } from "./group-entry.ts"
import { nextNumbers } from "./number.ts"
import { OpenAccount } from "./open-account.ts"
import { followedColumns, followedOrder, settleOrder } from "./order-points.ts"
import { contentHash, refuseOtherContent, refuseStale } from "./revision.ts"
import { keysOf } from "./search-key.ts"

/** Who changes a customer, and when. */
export interface Author {
  worker: string
  role: Role
  now: Date
}

/** The same again gives the customer as it is now. @throws Refusal 409, 422 */
export async function createCustomer(tx: Transaction, data: CustomerData, author: Author): Promise<Row> {
  const { attributes = {}, relationships } = data
  if (attributes.title === undefined) throw invalid("title: a customer needs a name", { pointer: "/data/attributes/title" })
  const made = contentHash([attributes, relationships ?? null])
  const revision = await tx.revision()
  const existing = data.id === undefined ? undefined : await findCustomer(tx, data.id)
  if (existing !== undefined) {
    refuseOtherContent(existing, made)
    return existing
  }
  const id = data.id ?? newId()
  const facts = changedFacts({ ...nobody, title: attributes.title }, attributes)
  await refuseCardOfAnother(tx, id, facts)
  await refuseLinks(tx, relationships, author, "/data")
  const bonusGroup = relationships?.bonusGroup ?? null
  await tx.query(
    `INSERT INTO loyalty.customer (shop_id, id, title, birthday, email, instagram, status, is_person, bonus_card, notes, gender, itn, country_code, phone,
       bonus_group_id, created_by, occurred_at, created_at, updated_at, revision, made_from)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, $19, $20)`,
    [tx.shop, id, ...columnsOf(facts), bonusGroup, author.worker, attributes.createdAt ?? author.now, author.now, revision, made],
  )
  await replaceKeys(tx, id, facts)
  await replaceLinks(tx, id, relationships)
  await catchUp(tx, id, { isGrouped: relationships?.bonusGroup !== undefined, now: author.now })
  return tell(tx, id, revision, author.now)
}

/** @throws Refusal 404, 409, 422 */
export async function updateCustomer(tx: Transaction, id: string, data: CustomerData, author: Author, pointer = "/data"): Promise<Row> {
  const revision = await tx.revision()
  const old = await findCustomer(tx, id)
  if (old === undefined) throw notFound(`customer ${id}`, pointer === "/data" ? { parameter: "id" } : { pointer: `${pointer}/id` })
  const { attributes = {}, relationships } = data
  refuseStale(attributes.revision, old)
  const before = factsOf(old)
  const facts = changedFacts(before, attributes)
  await refuseCardOfAnother(tx, id, facts)
  await refuseLinks(tx, relationships, author, pointer)
  const bonusGroup = relationships?.bonusGroup === undefined ? old.bonus_group_id : relationships.bonusGroup
  await tx.query(
    `UPDATE loyalty.customer SET title = $2, birthday = $3, email = $4, instagram = $5, status = $6, is_person = $7, bonus_card = $8, notes = $9, gender = $10,
       itn = $11, country_code = $12, phone = $13, bonus_group_id = $14, occurred_at = $15, updated_at = $16, revision = $17 WHERE id = $1`,
    [id, ...columnsOf(facts), bonusGroup, attributes.createdAt ?? old.occurred_at, author.now, revision],
  )
  if (keysOf(before).join() !== keysOf(facts).join()) await replaceKeys(tx, id, facts)
  await replaceLinks(tx, id, relationships)
  return tell(tx, id, revision, author.now)
}

async function findCustomer(reader: Reader, id: string): Promise<Row | undefined> {
  const [row] = await reader.query(`SELECT ${customerColumns} FROM loyalty.customer WHERE id = $1`, [id])
  return row
}

/** @throws Refusal 404 */
export async function customerOf(reader: Reader, id: string): Promise<Row> {
  const row = await findCustomer(reader, id)
  if (row === undefined) throw notFound(`customer ${id}`, { parameter: "id" })
  return row
}

/** Reads the customer as it is now and tells the other services. */
export async function tell(tx: Transaction, id: string, revision: number, now: Date): Promise<Row> {
  const row = await customerOf(tx, id)
  publish(tx, { resource: customerResource(row), revision, state: row.status === "deleted" ? "deleted" : "there" }, now)
  return row
}

/** Adds customers to a discount group. @returns the number of each membership, new or not, in the order of the customers. */
export async function addToDiscountGroup(tx: Transaction, groupId: number, customerIds: readonly string[]): Promise<number[]> {
  const numbers = await nextNumbers(tx, "customer-discount-group", customerIds.length)
  const rows = await tx.query(
    `INSERT INTO loyalty.customer_discount_group AS kept (shop_id, customer_id, group_id, id)
     SELECT $1, customer_id, $2, id FROM unnest($3::uuid[], $4::bigint[]) AS member (customer_id, id)
     ON CONFLICT (shop_id, customer_id, group_id) DO UPDATE SET id = kept.id RETURNING customer_id, id`,
    [tx.shop, groupId, customerIds, numbers],
  )
  const byCustomer = new Map(rows.map((row) => [String(row.customer_id), Number(row.id)]))
  return customerIds.map((id) => byCustomer.get(id) ?? 0)
}

function columnsOf({
  title,
  birthday,
  email,
  instagram,
  status,
  isPerson,
  bonusCard,
  notes,
  gender,
  itn,
  phone,
}: CustomerFacts): unknown[] {
  return [
    title,
    birthday,
    email,
    instagram,
    status,
    isPerson,
    bonusCard,
    notes,
    gender,
    itn,
    phone?.countryCode ?? null,
    phone?.number ?? null,
  ]
}

async function refuseCardOfAnother(tx: Transaction, id: string, { bonusCard, status }: CustomerFacts): Promise<void> {
  if (bonusCard === null || status === "deleted") return
  const [other] = await tx.query("SELECT title FROM loyalty.customer WHERE bonus_card = $1 AND status <> 'deleted' AND id <> $2", [
    bonusCard,
    id,
  ])
  if (other === undefined) return
  const detail = `The bonus card "${bonusCard}" belongs to another customer (${String(other.title)}); give this one another card.`
  throw conflict(detail, { pointer: "/data/attributes/bonusCard" }, "bonus-card-taken")
}

/** What a relationship points at has to be there, and private groups are given by those who run the shop. */
async function refuseLinks(tx: Transaction, relationships: CustomerRelationships, { role }: Author, pointer: string): Promise<void> {
  const { bonusGroup, discountGroups = [], customerSources = [], customerPreferences = [] } = relationships ?? {}
  const bonus = bonusGroup === undefined || bonusGroup === null ? [] : [bonusGroup]
  if (bonus.length + discountGroups.length + customerSources.length + customerPreferences.length === 0) return
  const rows = await tx.query(
    `SELECT 'bonusGroup' AS name, id, private FROM loyalty.bonus_group WHERE id = ANY ($1::bigint[]) AND status <> 'deleted'
     UNION ALL SELECT 'discountGroups', id, private FROM loyalty.discount_group WHERE id = ANY ($2::bigint[]) AND status <> 'deleted'
     UNION ALL SELECT 'customerSources', id, false FROM loyalty.customer_source WHERE id = ANY ($3::bigint[])
     UNION ALL SELECT 'customerPreferences', id, false FROM loyalty.customer_preference WHERE id = ANY ($4::bigint[])`,
    [bonus, discountGroups, customerSources, customerPreferences],
  )
  for (const [name, ids] of Object.entries({ bonusGroup: bonus, discountGroups, customerSources, customerPreferences })) {
    for (const id of ids) {
      const found = rows.find((row) => row.name === name && Number(row.id) === id)
      if (found === undefined) throw invalid(`${name}: there is none with the id ${id}`, { pointer: `${pointer}/relationships/${name}` })
      if (found.private === true && !management.includes(role))
        throw forbidden(`The group ${id} is private: only ${management.join(" and ")} may give it.`)
    }
  }
}

async function replaceKeys(tx: Transaction, id: string, facts: CustomerFacts): Promise<void> {
  await tx.query("DELETE FROM loyalty.customer_key WHERE customer_id = $1", [id])
  await tx.query("INSERT INTO loyalty.customer_key (shop_id, key, customer_id) SELECT $1, key, $2 FROM unnest($3::text[]) AS key", [
    tx.shop,
    id,
    keysOf(facts),
  ])
}

async function replaceLinks(tx: Transaction, id: string, relationships: CustomerRelationships): Promise<void> {
  const { discountGroups, customerSources, customerPreferences } = relationships ?? {}
  if (discountGroups !== undefined) {
    await tx.query("DELETE FROM loyalty.customer_discount_group WHERE customer_id = $1 AND group_id <> ALL ($2::bigint[])", [
      id,
      discountGroups,
    ])
    if (discountGroups.length > 0) await linkDiscountGroups(tx, id, [...new Set(discountGroups)])
  }
  if (customerSources !== undefined) await replaceLink(tx, "loyalty.customer_source_link", "source_id", id, customerSources)
  if (customerPreferences !== undefined) await replaceLink(tx, "loyalty.customer_preference_link", "preference_id", id, customerPreferences)
}

async function linkDiscountGroups(tx: Transaction, id: string, groups: readonly number[]): Promise<void> {
  await tx.query(
    `INSERT INTO loyalty.customer_discount_group (shop_id, customer_id, group_id, id)
     SELECT $1, $2, group_id, id FROM unnest($3::bigint[], $4::bigint[]) AS link (group_id, id) ON CONFLICT (shop_id, customer_id, group_id) DO NOTHING`,
    [tx.shop, id, groups, await nextNumbers(tx, "customer-discount-group", groups.length)],
  )
}

async function replaceLink(
  tx: Transaction,
  table: "loyalty.customer_source_link" | "loyalty.customer_preference_link",
  column: "source_id" | "preference_id",
  id: string,
  linked: readonly number[],
): Promise<void> {
  await tx.query(`DELETE FROM ${table} WHERE customer_id = $1`, [id])
  if (linked.length === 0) return
  await tx.query(`INSERT INTO ${table} (shop_id, customer_id, ${column}) SELECT $1, $2, linked FROM unnest($3::bigint[]) AS linked`, [
    tx.shop,
    id,
    [...new Set(linked)],
  ])
}

/** Orders of this customer may be known before the customer is: what they came to is entered now. */
async function catchUp(tx: Transaction, id: string, { isGrouped, now }: { isGrouped: boolean; now: Date }): Promise<void> {
  const account = await OpenAccount.open(tx, id)
  if (account === undefined) return
  const orders = await tx.query(
    `SELECT ${followedColumns} FROM loyalty.followed_order WHERE customer_id = $1 AND sold ORDER BY sold_at, id`,
    [id],
  )
  if (orders.length === 0 && !isGrouped) await enterGroups(tx, account, { at: now, now })
  for (const row of orders) {
    const order = followedOrder(row)
    account.addOrders({ amount: order.total, qty: 1 })
    await settleOrder(tx, account, order, { sourceLine: `customer:${id}`, occurredAt: order.soldAt ?? now, now })
  }
  await account.close(tx, now)
}
