// Groups in the database, and the history of bonus groups. Called by the groups' operations and by customers.
import type { Reader, Row } from "@florist/kit/database"
import { invalid, notFound } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import type { GroupDraft, GroupKind } from "./group.ts"
import { nextNumber, nextNumbers } from "./number.ts"
import { refuseStale } from "./revision.ts"

interface GroupColumns {
  title: string
  rate: number
  payable: number | null
  entry_amount: number | null
  private: boolean
  status: string
  valid_from: Date | null
  valid_to: Date | null
  activate_on_entry: boolean
}

export async function createGroup(tx: Transaction, kind: GroupKind, draft: GroupDraft, now: Date): Promise<Row> {
  if (draft.title === undefined) throw invalid("title: a group needs a name", { pointer: "/data/attributes/title" })
  const fresh = { title: draft.title, rate: 0, payable: null, entry_amount: null, private: false, status: "off" }
  const group = changed({ ...fresh, valid_from: null, valid_to: null, activate_on_entry: false }, draft)
  const revision = await tx.revision()
  const id = await nextNumber(tx, kind.number)
  const columns = columnsOf(kind, group)
  const names = columns.map(([name]) => name)
  const [row] = await tx.query(
    `INSERT INTO ${kind.table} (shop_id, id, created_at, updated_at, revision, ${names.join(", ")})
     VALUES ($1, $2, $3, $3, $4, ${names.map((_, index) => `$${index + 5}`).join(", ")}) RETURNING ${kind.columns}`,
    [tx.shop, id, now, revision, ...columns.map(([, value]) => value)],
  )
  await recordChanges(tx, kind, [{ groupId: id, operation: "create" }], now)
  return present(row)
}

export async function updateGroup(tx: Transaction, kind: GroupKind, id: number, draft: GroupDraft, now: Date): Promise<Row> {
  const revision = await tx.revision()
  const old = await groupOf(tx, kind, id)
  refuseStale(draft.revision, old)
  const before = columnsIn(kind, old)
  const columns = columnsOf(kind, changed(before, draft))
  const sets = columns.map(([name], index) => `${name} = $${index + 4}`)
  const [row] = await tx.query(
    `UPDATE ${kind.table} SET updated_at = $2, revision = $3, ${sets.join(", ")} WHERE id = $1 RETURNING ${kind.columns}`,
    [id, now, revision, ...columns.map(([, value]) => value)],
  )
  const differences = columns.flatMap(([name, value]) => {
    const [oldValue, newValue] = [told(name, before[name]), told(name, value)]
    return oldValue === newValue ? [] : [{ groupId: id, operation: "update" as const, field: fieldNames[name], oldValue, newValue }]
  })
  await recordChanges(tx, kind, differences, now)
  return present(row)
}

/** Marks them deleted; those that are already stay as they are. @throws Refusal 404 where one is unknown. */
export async function deleteGroups(tx: Transaction, kind: GroupKind, ids: readonly number[], now: Date): Promise<void> {
  const revision = await tx.revision()
  const known = await tx.query(`SELECT id, status FROM ${kind.table} WHERE id = ANY ($1::bigint[])`, [ids])
  const missing = ids.findIndex((id) => !known.some((row) => Number(row.id) === id))
  if (missing >= 0) throw notFound(`${kind.name} ${ids[missing] ?? ""}`, { pointer: `/data/${missing}/id` })
  const present = known.filter(({ status }) => status !== "deleted").map(({ id }) => Number(id))
  await tx.query(`UPDATE ${kind.table} SET status = 'deleted', updated_at = $2, revision = $3 WHERE id = ANY ($1::bigint[])`, [
    present,
    now,
    revision,
  ])
  await recordChanges(
    tx,
    kind,
    present.map((groupId) => ({ groupId, operation: "delete" as const })),
    now,
  )
}

/** @throws Refusal 404 */
export async function groupOf(reader: Reader, kind: GroupKind, id: number): Promise<Row> {
  const [row] = await reader.query(`SELECT ${kind.columns} FROM ${kind.table} WHERE id = $1`, [id])
  if (row === undefined) throw notFound(`${kind.name} ${id}`, { parameter: "id" })
  return row
}

export interface GroupChange {
  groupId: number
  operation: "create" | "update" | "delete"
  field?: string
  oldValue?: string | null
  newValue?: string | null
  /** Whose group changed, where it is not the group itself. */
  customerId?: string
}

/** Only bonus groups have a history. */
export async function recordChanges(tx: Transaction, kind: GroupKind, changes: readonly GroupChange[], now: Date): Promise<void> {
  if (kind.type !== "bonus-groups" || changes.length === 0) return
  const numbers = await nextNumbers(tx, "bonus-group-change", changes.length)
  const rows = changes.map((change, index) => ({
    id: numbers[index],
    group_id: change.groupId,
    customer_id: change.customerId ?? null,
    operation: change.operation,
    field: change.field ?? null,
    old_value: change.oldValue ?? null,
    new_value: change.newValue ?? null,
  }))
  await tx.query(
    `INSERT INTO loyalty.bonus_group_change (shop_id, id, group_id, customer_id, operation, field, old_value, new_value, created_at)
     SELECT $1, id, group_id, customer_id, operation, field, old_value, new_value, $3
     FROM jsonb_to_recordset($2::jsonb) AS (id bigint, group_id bigint, customer_id uuid, operation text, field text, old_value text, new_value text)`,
    [tx.shop, JSON.stringify(rows), now],
  )
}

const fieldNames: Record<keyof GroupColumns, string> = {
  title: "title",
  rate: "bonus_rate",
  payable: "limit",
  entry_amount: "entry_amount",
  private: "private",
  status: "status",
  valid_from: "valid_from",
  valid_to: "valid_to",
  activate_on_entry: "activate_on_entry",
}

const statusWords: Readonly<Record<string, string>> = { on: "Active", off: "Not active", deleted: "Deleted" }
const inHundredths: readonly string[] = ["rate", "payable", "entry_amount"]

/** A value as the history tells it: per cents and roubles, words for the status. */
function told(name: keyof GroupColumns, value: GroupColumns[keyof GroupColumns]): string | null {
  if (value === null) return null
  if (value instanceof Date) return value.toISOString()
  if (inHundredths.includes(name)) return String(Number(value) / 100)
  return name === "status" ? (statusWords[String(value)] ?? null) : String(value)
}

function changed(group: GroupColumns, draft: GroupDraft): GroupColumns {
  const result: GroupColumns = {
    title: draft.title ?? group.title,
    rate: draft.rate ?? group.rate,
    payable: draft.payable === undefined ? group.payable : draft.payable,
    entry_amount: draft.entryAmount === undefined ? group.entry_amount : draft.entryAmount,
    private: draft.private ?? group.private,
    status: draft.status ?? group.status,
    valid_from: draft.validFrom === undefined ? group.valid_from : draft.validFrom,
    valid_to: draft.validTo === undefined ? group.valid_to : draft.validTo,
    activate_on_entry: draft.activateOnEntry ?? group.activate_on_entry,
  }
  if (result.valid_from !== null && result.valid_to !== null && result.valid_from > result.valid_to)
    throw invalid("validTo: a group cannot end before it begins", { pointer: "/data/attributes/validTo" })
  return result
}

function columnsIn(kind: GroupKind, row: Row): GroupColumns {
  const moment = (value: unknown) => (value instanceof Date ? value : null)
  return {
    title: String(row.title),
    rate: Number(row.rate),
    payable: kind.type === "discount-groups" || row.payable === null ? null : Number(row.payable),
    entry_amount: row.entry_amount === null ? null : Number(row.entry_amount),
    private: row.private === true,
    status: String(row.status),
    valid_from: moment(row.valid_from),
    valid_to: moment(row.valid_to),
    activate_on_entry: row.activate_on_entry === true,
  }
}

function columnsOf(kind: GroupKind, group: GroupColumns): [keyof GroupColumns, GroupColumns[keyof GroupColumns]][] {
  const names = (Object.keys(fieldNames) as (keyof GroupColumns)[]).filter((name) => name !== "payable" || kind.type === "bonus-groups")
  return names.map((name) => [name, group[name]])
}

function present(row: Row | undefined): Row {
  if (row === undefined) throw new Error("A statement that returns its row returned none.")
  return row
}
