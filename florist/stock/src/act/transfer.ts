// Posting a transfer: goods leave one store's batches and open batches like them in the other, at equal cost and freshness; bouquets go with what they are.
import type { Problem } from "@florist/kit/refusal"
import { tellBouquets } from "../bouquet/bouquet.ts"
import { setBouquets } from "../bouquet/bouquet-store.ts"
import type { Picked } from "../ledger/batch.ts"
import { openPosting } from "../ledger/posting.ts"
import type { Posting } from "../ledger/posting.ts"
import { publicIdOf } from "./act.ts"
import type { Act, ActLine, Post } from "./act.ts"
import { lockBouquetsHere, missingAt, refuseIf } from "./write-off.ts"

export const postTransfer: Post = async (tx, act, { now }) => {
  const { docNo, storeId, toStoreId, occurredAt } = act
  if (toStoreId === null) throw new Error("A transfer has a store to go to.")
  const bouquets = await lockBouquetsHere(tx, act)
  const posting = await openPosting(
    tx,
    { documentId: publicIdOf(act), documentNo: docNo, turn: 1, occurredAt, reasonId: null },
    {
      shelves: act.lines.flatMap(({ itemId }) => (itemId === null ? [] : [storeId, toStoreId].map((each) => ({ storeId: each, itemId })))),
      bouquetIds: bouquets.map(({ id }) => id),
      batchIds: act.lines.flatMap(({ batchId }) => batchId ?? []),
    },
  )
  const lines: ActLine[] = []
  const problems: Problem[] = []
  for (const [index, line] of act.lines.entries()) {
    const picked = await leave(posting, act, line)
    if (picked === undefined) problems.push(missingAt(index))
    for (const part of picked ?? []) await arrive(posting, part, { toStoreId, lineId: String(line.id) })
    lines.push({ ...line, cost: (picked ?? []).reduce((sum, { cost }) => sum + cost, 0) })
  }
  refuseIf(problems)
  await posting.finish()
  if (bouquets.length > 0) {
    const revision = await tx.revision()
    const moved = bouquets.map((bouquet) => ({ ...bouquet, storeId: toStoreId, updatedAt: now, revision }))
    await setBouquets(tx, moved)
    tellBouquets(tx, moved, occurredAt)
  }
  return { amount: lines.reduce((sum, { cost }) => sum + cost, 0), claim: 0, lines }
}

async function leave(posting: Posting, { storeId, withExpired }: Act, line: ActLine): Promise<Picked[] | undefined> {
  const { itemId, bouquetId, batchId, qty } = line
  const lineId = String(line.id)
  if (batchId !== null) {
    const batch = posting.batch(batchId)
    if (batch?.storeId !== storeId || batch.itemId !== itemId) return undefined
    const picked = await posting.takeFrom(batchId, { qty, kind: "transfer-out", lineId })
    return picked === undefined ? undefined : [picked]
  }
  const expired = withExpired || bouquetId !== null ? "take" : "leave"
  const taken = await posting.take({ from: { storeId, itemId, bouquetId }, qty, kind: "transfer-out", lineId, expired, shortage: "refuse" })
  return taken.missing > 0 ? undefined : taken.picked
}

async function arrive(
  posting: Posting,
  { batch, qty, cost }: Picked,
  { toStoreId, lineId }: { toStoreId: string; lineId: string },
): Promise<void> {
  const { itemId, bouquetId, receivedAt, freshUntil, unitCost } = batch
  await posting.add({
    to: { storeId: toStoreId, itemId, bouquetId },
    qty,
    cost,
    kind: "transfer-in",
    lineId,
    receivedAt,
    freshUntil,
    unitCost,
  })
}
