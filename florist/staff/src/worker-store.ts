// Workers and their accounts in the database. Called by the worker operations, sessions, timecards and whoever opens a shop.
import { publish } from "@florist/kit/known"
import type { Reader, Row } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { conflict, forbidden, invalid, notFound } from "@florist/kit/refusal"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import type { KeptPassword } from "./password.ts"
import { endSessions } from "./session-store.ts"
import { assertStores } from "./store-rows.ts"
import { claimUsername } from "./username.ts"
import { workerColumns, workerResource } from "./worker.ts"
import type { ChangedWorker, UserIn, WorkerIn } from "./worker.ts"

export const workerFrom = "staff.worker w LEFT JOIN staff.account a ON a.shop_id = w.shop_id AND a.worker_id = w.id"
export const workerSelect = `w.id, ${Object.values(workerColumns)
  .map((column) => `w.${column}`)
  .join(", ")}, w.position_id, w.dismissed_at, w.revision,
  a.id AS account_id, a.username, a.status AS account_status, a.role,
  ARRAY(SELECT s.store_id FROM staff.worker_store s WHERE s.shop_id = w.shop_id AND s.worker_id = w.id ORDER BY s.store_id) AS store_ids`

export async function findWorkers(reader: Reader, shop: number, ids: readonly string[]): Promise<Row[]> {
  return reader.query(`SELECT ${workerSelect} FROM ${workerFrom} WHERE w.shop_id = $1 AND w.id = ANY ($2::uuid[]) ORDER BY w.id`, [
    shop,
    [...ids],
  ])
}

/** @throws Refusal 404 */
export async function findWorker(reader: Reader, shop: number, id: string): Promise<Row> {
  const [row] = await findWorkers(reader, shop, [id])
  if (row === undefined) throw notFound(`worker ${id}`, { parameter: "id" })
  return row
}

/** Who changes workers, and what that takes. A shop that is opened has nobody yet who could be asked. */
export interface Changer {
  session: Pick<Session, "role" | "stores"> | undefined
  directory: Reader
  now: Date
}

/** The hash is made before the transaction. */
export type KeptUser = Omit<UserIn, "password"> & { password: KeptPassword | undefined }
export interface WorkerToWrite<T> {
  worker: T
  user: KeptUser | undefined
}

/** The same id with the same content again gives the row that is there. @throws Refusal 403, 409, 422 */
export async function createWorker(tx: Transaction, { worker, user }: WorkerToWrite<WorkerIn & { id: string }>, by: Changer): Promise<Row> {
  const { id, attributes, relationships } = worker
  const revision = await tx.revision()
  const [there] = await findWorkers(tx, tx.shop, [id])
  if (there !== undefined) {
    if (isSame(there, worker, user)) return there
    throw conflict(`Worker ${id} is there already, with other content; PATCH /v1/worker/${id} changes it.`, { pointer: "/data/id" })
  }
  await assertRelated(tx, worker)
  assertMayHaveRole(by, user?.role)
  const given = Object.entries(columnsGiven(worker))
  await tx.query(
    `INSERT INTO staff.worker (shop_id, id, last_name, created_at, updated_at, revision${given.map(([name]) => `, ${name}`).join("")})
     VALUES ($1, $2, $3, $4, $4, $5${given.map((_, n) => `, $${n + 6}`).join("")})`,
    [tx.shop, id, attributes.lastName ?? "", by.now, revision, ...given.map(([, value]) => value)],
  )
  await setStores(tx, id, relationships.stores ?? [])
  if (user !== undefined) await createAccount(tx, id, user, by)
  const row = await findWorker(tx, tx.shop, id)
  assertWithinStores(by, row)
  tellOfWorker(tx, row, by.now)
  return row
}

/** @throws Refusal 403, 404, 409, 422 */
export async function changeWorker(
  tx: Transaction,
  { worker, user }: WorkerToWrite<ChangedWorker & { id: string }>,
  by: Changer,
): Promise<Row> {
  const { id, attributes, relationships } = worker
  const revision = await tx.revision()
  const before = await findWorker(tx, tx.shop, id)
  if (attributes.revision !== undefined && attributes.revision !== Number(before.revision)) {
    throw conflict(
      `Worker ${id} is at revision ${String(before.revision)}; read it again.`,
      { pointer: "/data/attributes/revision" },
      "stale-revision",
    )
  }
  assertWithinStores(by, before)
  assertMayHaveRole(by, before.role)
  assertMayHaveRole(by, user?.role)
  await assertRelated(tx, worker)
  const given = Object.entries(columnsGiven(worker)).concat(attributes.lastName === undefined ? [] : [["last_name", attributes.lastName]])
  await tx.query(
    `UPDATE staff.worker SET updated_at = $3, revision = $4${given.map(([name], n) => `, ${name} = $${n + 5}`).join("")} WHERE shop_id = $1 AND id = $2`,
    [tx.shop, id, by.now, revision, ...given.map(([, value]) => value)],
  )
  if (relationships.stores !== undefined) await setStores(tx, id, relationships.stores)
  if (user !== undefined) await (before.account_id === null ? createAccount(tx, id, user, by) : changeAccount(tx, before, user, by))
  const row = await findWorker(tx, tx.shop, id)
  assertWithinStores(by, row)
  await assertOwnerRemains(tx)
  tellOfWorker(tx, row, by.now)
  return row
}

/**
 * "off": may not sign in, and sessions end. "dismissed": that, and works here no more. "on": may sign in, and works here again.
 * @throws Refusal 403, 404, 409
 */
export async function switchWorkers(
  tx: Transaction,
  changes: ReadonlyMap<string, "on" | "off" | "dismissed">,
  by: Changer,
): Promise<Row[]> {
  const ids = [...changes.keys()]
  const revision = await tx.revision()
  const before = await findWorkers(tx, tx.shop, ids)
  const missing = ids.find((id) => !before.some((row) => row.id === id))
  if (missing !== undefined) throw notFound(`worker ${missing}`, { pointer: "/data" })
  for (const row of before) {
    assertWithinStores(by, row)
    assertMayHaveRole(by, row.role)
  }
  const rowsOf = (state: string) => before.filter((row) => changes.get(String(row.id)) === state)
  const idsOf = (state: string) => rowsOf(state).map(({ id }) => id)
  await tx.query(
    `UPDATE staff.worker SET updated_at = $3, revision = $4,
       dismissed_at = CASE WHEN id = ANY ($5::uuid[]) THEN coalesce(dismissed_at, $3) WHEN id = ANY ($6::uuid[]) THEN NULL ELSE dismissed_at END
     WHERE shop_id = $1 AND id = ANY ($2::uuid[])`,
    [tx.shop, ids, by.now, revision, idsOf("dismissed"), idsOf("on")],
  )
  await tx.query(
    `UPDATE staff.account SET status = CASE WHEN worker_id = ANY ($3::uuid[]) THEN 'on' ELSE 'off' END WHERE shop_id = $1 AND worker_id = ANY ($2::uuid[])`,
    [tx.shop, ids, idsOf("on")],
  )
  await endSessions(tx, accountsOf(rowsOf("off")), "switched-off", by.now)
  await endSessions(tx, accountsOf(rowsOf("dismissed")), "dismissed", by.now)
  await assertOwnerRemains(tx)
  const rows = await findWorkers(tx, tx.shop, ids)
  for (const row of rows) tellOfWorker(tx, row, by.now)
  return rows
}

const accountsOf = (rows: readonly Row[]) => rows.flatMap(({ account_id: id }) => (typeof id === "string" ? [id] : []))

async function createAccount(tx: Transaction, worker: string, user: KeptUser, by: Changer): Promise<void> {
  const { login: name, password, role = "florist", status = "on" } = user
  const at = { pointer: "/data/relationships/user" }
  if (name === undefined || password === undefined) throw invalid("A user that is not there yet needs a login and a password.", at)
  const id = user.id ?? newId()
  const [there] = await tx.query("SELECT id FROM staff.account WHERE shop_id = $1 AND id = $2", [tx.shop, id])
  if (there !== undefined) throw conflict(`User ${id} is another worker's.`, at)
  await claimUsername(by.directory, tx, { name, account: id, ...at })
  await tx.query(
    `INSERT INTO staff.account (shop_id, id, worker_id, username, status, role, password_hash, password_salt, password_cost, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [tx.shop, id, worker, name, status, role, password.hash, password.salt, JSON.stringify(password.cost), by.now],
  )
}

async function changeAccount(tx: Transaction, before: Row, user: KeptUser, by: Changer): Promise<void> {
  const id = String(before.account_id)
  const { login: name, password, role, status } = user
  const at = { pointer: "/data/relationships/user" }
  if (user.id !== undefined && user.id !== id) throw conflict(`This worker's user is ${id}.`, at)
  if (name !== undefined && name !== before.username) await claimUsername(by.directory, tx, { name, account: id, ...at })
  await tx.query(
    `UPDATE staff.account SET username = coalesce($3, username), role = coalesce($4, role), status = coalesce($5, status) WHERE shop_id = $1 AND id = $2`,
    [tx.shop, id, name ?? null, role ?? null, status ?? null],
  )
  if (password !== undefined) await changePassword(tx, id, password)
  if (password !== undefined) await endSessions(tx, [id], "password-changed", by.now)
  if (status === "off") await endSessions(tx, [id], "switched-off", by.now)
}

export async function changePassword(tx: Transaction, account: string, { hash, salt, cost }: KeptPassword): Promise<void> {
  await tx.query("UPDATE staff.account SET password_hash = $3, password_salt = $4, password_cost = $5 WHERE shop_id = $1 AND id = $2", [
    tx.shop,
    account,
    hash,
    salt,
    JSON.stringify(cost),
  ])
}

async function setStores(tx: Transaction, worker: string, stores: readonly string[]): Promise<void> {
  await tx.query("DELETE FROM staff.worker_store WHERE shop_id = $1 AND worker_id = $2", [tx.shop, worker])
  if (stores.length === 0) return
  await tx.query("INSERT INTO staff.worker_store (shop_id, worker_id, store_id) SELECT $1, $2, store FROM unnest($3::uuid[]) store", [
    tx.shop,
    worker,
    [...new Set(stores)],
  ])
}

async function assertRelated(tx: Transaction, { relationships }: Pick<WorkerIn, "relationships">): Promise<void> {
  await assertStores(tx, tx.shop, [...new Set(relationships.stores)], "/data/relationships/stores")
  const { position } = relationships
  if (position === undefined || position === null) return
  const [there] = await tx.query("SELECT id FROM staff.position WHERE shop_id = $1 AND id = $2", [tx.shop, position])
  const pointer = "/data/relationships/position"
  if (there === undefined) throw invalid(`There is no position ${position}; GET /v1/positions lists them.`, { pointer }, "unknown-position")
}

/** Managers make no owners, and change none. */
function assertMayHaveRole({ session }: Changer, role: unknown): void {
  if (role === "owner" && session !== undefined && session.role !== "owner") throw forbidden("Only an owner may change owners or make one.")
}

/** Whoever works in some stores changes only workers of those. */
function assertWithinStores({ session }: Changer, worker: Row): void {
  const own = session?.stores
  const theirs = worker.store_ids as string[]
  if (own === undefined || (theirs.length > 0 && theirs.every((store) => own.includes(store)))) return
  throw forbidden(`Worker ${String(worker.id)} also works where this session does not.`)
}

/** Holds under concurrency too: whoever changes workers holds the shop's revision by now. */
async function assertOwnerRemains(tx: Transaction): Promise<void> {
  const [owner] = await tx.query(
    `SELECT 1 FROM staff.account a JOIN staff.worker w ON w.shop_id = a.shop_id AND w.id = a.worker_id
     WHERE a.shop_id = $1 AND a.role = 'owner' AND a.status = 'on' AND w.dismissed_at IS NULL LIMIT 1`,
    [tx.shop],
  )
  if (owner !== undefined) return
  const detail = "This would leave the shop without an owner who can sign in; make another worker an owner first."
  throw conflict(detail, { pointer: "/data" }, "last-owner")
}

function tellOfWorker(tx: Transaction, row: Row, now: Date): void {
  const state = row.dismissed_at === null ? "there" : "deleted"
  publish(tx, { resource: workerResource(row, "everyone"), revision: Number(row.revision), state }, now)
}

/** By column, without the last name, which always has a value. */
function columnsGiven({ attributes, relationships }: Pick<WorkerIn, "relationships"> & { attributes: ChangedWorker["attributes"] }) {
  const given: Record<string, unknown> = {}
  for (const [name, column] of Object.entries(workerColumns)) {
    const value = attributes[name as keyof typeof workerColumns]
    if (value !== undefined && column !== "last_name") given[column] = value
  }
  if (relationships.position !== undefined) given.position_id = relationships.position
  return given
}

function isSame(there: Row, worker: WorkerIn, user: KeptUser | undefined): boolean {
  const kept = { ...there, salary: Number(there.salary) } as Row
  const stores = [...new Set(worker.relationships.stores)].toSorted()
  return (
    Object.entries(columnsGiven(worker)).every(([column, value]) => kept[column] === value) &&
    there.last_name === (worker.attributes.lastName ?? "") &&
    JSON.stringify(there.store_ids) === JSON.stringify(stores) &&
    (user === undefined ? there.account_id === null : (user.id ?? there.account_id) === there.account_id && user.login === there.username)
  )
}
