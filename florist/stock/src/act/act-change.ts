// What a client's request makes of an act: its head and its lines while it is a draft, and its posting. Called by the acts' operations.
import { newId } from "@florist/kit/id"
import { conflict, invalid } from "@florist/kit/refusal"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { checkRevision, checkStore } from "../access.ts"
import { docNoOf, nextNumbers } from "../numbering.ts"
import { publicIdOf } from "./act.ts"
import type { Act, ActKind, ActLine, Post } from "./act.ts"
import { insertAct, setAct } from "./act-store.ts"
import type { ActIn, LineIn } from "./act-wire.ts"
import { postReceipt } from "./receipt.ts"
import { postStocktake } from "./stocktake.ts"
import { postTransfer } from "./transfer.ts"
import { postWriteOff } from "./write-off.ts"

const posts: Readonly<Record<ActKind, Post>> = {
  receipt: postReceipt,
  "write-off": postWriteOff,
  transfer: postTransfer,
  stocktake: postStocktake,
}

export interface Changing {
  session: Session
  now: Date
}

/** @returns undefined where somebody else has made an act of this id meanwhile. */
export async function createAct(
  tx: Transaction,
  kind: ActKind,
  given: ActIn,
  { session, now, hash }: Changing & { hash: string },
): Promise<Act | undefined> {
  const storeId = given.relationships.from ?? given.relationships.store
  if (storeId === undefined || storeId === null)
    throw invalid("Name the store.", { pointer: `/data/relationships/${kind === "transfer" ? "from" : "store"}` })
  const count = given.relationships.lines?.data.length ?? 0
  const numbers = await nextNumbers(tx, { [kind]: 1, "act-line": count })
  const number = numbers[kind] ?? 0
  const occurredAt = given.attributes.occurredAt ?? now
  const blank: Act = {
    id: given.id ?? newId(),
    kind,
    number,
    docNo: docNoOf(kind, number),
    storeId,
    toStoreId: null,
    supplierId: null,
    purchaseOrderId: null,
    reasonId: null,
    invoiceNo: "",
    note: "",
    status: "draft",
    withExpired: false,
    amount: 0,
    claim: 0,
    linesCount: 0,
    date: given.attributes.date ?? dayOf(occurredAt),
    occurredAt,
    createdBy: given.relationships.createdBy ?? session.worker,
    createdAt: now,
    updatedAt: now,
    postedBy: null,
    postedAt: null,
    revision: 0,
    lines: [],
  }
  const lastLine = numbers["act-line"] ?? 0
  const act = headOf(blank, given, now)
  checkStore(session, act.storeId)
  await checkReferences(tx, act)
  if (!(await insertAct(tx, act, hash))) return undefined
  return finish(tx, { ...act, lines: linesOf(act, given.relationships.lines?.data ?? [], lastLine) }, given, { session, now })
}

/** Everything of a draft may change. Of a posted act nothing, but to post it again is no mistake. @throws Refusal 403, 409, 422 */
export async function changeAct(tx: Transaction, act: Act, given: ActIn, { session, now }: Changing): Promise<Act> {
  checkRevision(act.revision, given.attributes.revision, "act")
  checkStore(session, act.storeId)
  if (act.status !== "draft") {
    if (act.status === "posted" && given.attributes.posted === true && given.relationships.lines === undefined) return act
    throw conflict(`The act ${act.docNo} is ${act.status}; make another one that corrects it.`, { pointer: "/data" }, "act-closed")
  }
  const changed = headOf(act, given, now)
  checkStore(session, changed.storeId)
  await checkReferences(tx, changed)
  const asked = given.relationships.lines?.data
  if (asked === undefined) return finish(tx, changed, given, { session, now })
  const fresh = asked.filter(({ id }) => id === undefined).length
  const { "act-line": lastLine = 0 } = fresh === 0 ? {} : await nextNumbers(tx, { "act-line": fresh })
  return finish(tx, { ...changed, lines: linesOf(changed, asked, lastLine) }, given, { session, now })
}

async function finish(tx: Transaction, act: Act, given: ActIn, by: Changing): Promise<Act> {
  const { session, now } = by
  let finished: Act = { ...act, linesCount: act.lines.length }
  if (given.attributes.posted === true) {
    if (act.lines.length === 0)
      throw invalid("An act without lines cannot be posted.", { pointer: "/data/relationships/lines" }, "no-lines")
    const posted = await posts[act.kind](tx, finished, by)
    finished = { ...finished, ...posted, status: "posted", postedBy: session.worker, postedAt: now }
  }
  finished = { ...finished, revision: await tx.revision() }
  await setAct(tx, finished)
  return finished
}

export async function deleteAct(tx: Transaction, act: Act, { session, now }: Changing): Promise<void> {
  checkStore(session, act.storeId)
  if (act.status === "deleted") return
  if (act.status === "posted")
    throw conflict(`The act ${act.docNo} is posted; make another one that corrects it.`, { parameter: "id" }, "act-closed")
  await setAct(tx, { ...act, status: "deleted", updatedAt: now, revision: await tx.revision() })
}

function headOf(act: Act, { attributes, relationships }: ActIn, now: Date): Act {
  const isTransfer = act.kind === "transfer"
  const storeId = (isTransfer ? relationships.from : relationships.store) ?? act.storeId
  const toStoreId = isTransfer ? (relationships.to ?? act.toStoreId) : null
  if (isTransfer && toStoreId === null) throw invalid("Name the store that the goods go to.", { pointer: "/data/relationships/to" })
  if (toStoreId === storeId) throw invalid("Goods move between two different stores.", { pointer: "/data/relationships/to/data/id" })
  const kept = <T>(given: T | undefined, before: T): T => (given === undefined ? before : given)
  const occurredAt = attributes.occurredAt ?? act.occurredAt
  return {
    ...act,
    storeId,
    toStoreId,
    supplierId: act.kind === "receipt" ? kept(relationships.supplier, act.supplierId) : null,
    purchaseOrderId: act.kind === "receipt" ? kept(relationships.purchaseOrder, act.purchaseOrderId) : null,
    reasonId: act.kind === "write-off" ? kept(relationships.reason, act.reasonId) : null,
    invoiceNo: attributes.invoiceNo ?? act.invoiceNo,
    note: attributes.note ?? act.note,
    withExpired: attributes.withExpired ?? act.withExpired,
    date: attributes.date ?? (attributes.occurredAt === undefined ? act.date : dayOf(occurredAt)),
    occurredAt,
    updatedAt: now,
  }
}

/** Lines that are not named any more go; those without an id are new. */
function linesOf(act: Act, asked: readonly LineIn[], lastLine: number): ActLine[] {
  const known = new Map(act.lines.map((line) => [line.id, line]))
  // Of a new act a client's own numbers of lines mean nothing: each gets one.
  const isNew = act.revision === 0
  let number = lastLine - asked.filter(({ id }) => isNew || id === undefined).length
  const lines = asked.map((line, index) => {
    const before = line.id === undefined ? undefined : known.get(line.id)
    if (line.id !== undefined && before === undefined && !isNew)
      throw invalid(`The act ${publicIdOf(act)} has no line ${line.id}.`, { pointer: `/data/relationships/lines/data/${index}/id` })
    return lineOf(act.kind, line, before, { id: before?.id ?? ++number, index })
  })
  const ids = lines.map(({ id }) => id)
  if (new Set(ids).size < ids.length) throw invalid("A line is named twice.", { pointer: "/data/relationships/lines/data" })
  return lines
}

function lineOf(kind: ActKind, line: LineIn, before: ActLine | undefined, { id, index }: { id: number; index: number }): ActLine {
  const pointer = `/data/relationships/lines/data/${index}`
  const { attributes = {}, relationships = {} } = line
  const given = (relationships.item ?? relationships.bouquet ?? null) !== null
  const itemId = given ? (relationships.item ?? null) : (before?.itemId ?? null)
  const bouquetId = given ? (relationships.bouquet ?? null) : (before?.bouquetId ?? null)
  if ((itemId === null) === (bouquetId === null))
    throw invalid("A line is of an item or of a bouquet.", { pointer: `${pointer}/relationships/item` })
  // A bouquet is one piece.
  const qty = bouquetId === null ? (attributes.qty ?? before?.qty) : 1_000
  if (qty === undefined || (qty === 0 && kind !== "stocktake"))
    throw invalid("A line needs a qty above 0.", { pointer: `${pointer}/attributes/qty` })
  const price = attributes.price ?? before?.price
  if (price === undefined && kind === "receipt")
    throw invalid("A line of a receipt needs a price.", { pointer: `${pointer}/attributes/price` })
  const defective = kind === "receipt" ? (attributes.defectQty ?? before?.defective ?? 0) : 0
  if (defective > qty) throw invalid("More came spoilt than came.", { pointer: `${pointer}/attributes/defectQty` })
  return {
    id,
    itemId,
    bouquetId,
    qty,
    defective,
    price: price ?? 0,
    expected: null,
    cost: 0,
    batchId: relationships.batch === undefined ? (before?.batchId ?? null) : relationships.batch,
    priceEnabled: attributes.priceEnabled ?? before?.priceEnabled ?? false,
    freshUntil: attributes.freshUntil === undefined ? (before?.freshUntil ?? null) : attributes.freshUntil,
  }
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10)

/** @throws Refusal 422 for what this shop does not have. */
async function checkReferences(tx: Transaction, { supplierId, reasonId, purchaseOrderId }: Act): Promise<void> {
  if (supplierId === null && reasonId === null && purchaseOrderId === null) return
  const [row] = await tx.query(
    `SELECT EXISTS (SELECT FROM stock.supplier WHERE id = $1) AS supplier, EXISTS (SELECT FROM stock.write_off_reason WHERE id = $2) AS reason,
       EXISTS (SELECT FROM stock.purchase_order WHERE id = $3) AS purchase_order`,
    [supplierId, reasonId, purchaseOrderId],
  )
  const named = { supplier: supplierId, reason: reasonId, purchase_order: purchaseOrderId }
  for (const [name, id] of Object.entries(named)) {
    if (id === null || row?.[name] === true) continue
    const relationship = name === "purchase_order" ? "purchaseOrder" : name
    throw invalid(`There is no ${name.replace("_", " ")} ${id}.`, { pointer: `/data/relationships/${relationship}/data/id` })
  }
}
