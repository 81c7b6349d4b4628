// Posting a write-off: of a named batch, of a bouquet, or of what withers first; what is past its freshness is what is written off most.
import { Refusal, conflict } from "@florist/kit/refusal"
import type { Problem } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { tellBouquets } from "../bouquet/bouquet.ts"
import type { Bouquet } from "../bouquet/bouquet.ts"
import { lockBouquets, setBouquets } from "../bouquet/bouquet-store.ts"
import { openPosting } from "../ledger/posting.ts"
import type { Posting } from "../ledger/posting.ts"
import type { Act, ActLine, Post } from "./act.ts"

export const postWriteOff: Post = async (tx, act, { now }) => {
  const { id, docNo, storeId, occurredAt, reasonId } = act
  const bouquets = await lockBouquetsHere(tx, act)
  const posting = await openPosting(
    tx,
    { documentId: id, documentNo: docNo, turn: 1, occurredAt, reasonId },
    {
      shelves: act.lines.flatMap(({ itemId }) => (itemId === null ? [] : [{ storeId, itemId }])),
      bouquetIds: bouquets.map((bouquet) => bouquet.id),
      batchIds: act.lines.flatMap(({ batchId }) => batchId ?? []),
    },
  )
  const lines: ActLine[] = []
  const problems: Problem[] = []
  for (const [index, line] of act.lines.entries()) {
    const cost = await takeLine(posting, act, line)
    if (cost === undefined) problems.push(missingAt(index))
    lines.push({ ...line, cost: cost ?? 0 })
  }
  refuseIf(problems)
  await posting.finish()
  await endBouquets(tx, bouquets, { at: occurredAt, now })
  return { amount: lines.reduce((sum, { cost }) => sum + cost, 0), claim: 0, lines }
}

async function takeLine(posting: Posting, { storeId }: Act, { id, itemId, bouquetId, batchId, qty }: ActLine): Promise<number | undefined> {
  const lineId = String(id)
  if (batchId !== null) {
    const batch = posting.batch(batchId)
    if (batch?.storeId !== storeId || batch.itemId !== itemId) return undefined
    return (await posting.takeFrom(batchId, { qty, kind: "write-off", lineId }))?.cost
  }
  const taken = await posting.take({
    from: { storeId, itemId, bouquetId },
    qty,
    kind: "write-off",
    lineId,
    expired: "first",
    shortage: "refuse",
  })
  return taken.missing > 0 ? undefined : taken.cost
}

async function endBouquets(tx: Transaction, bouquets: readonly Bouquet[], { at, now }: { at: Date; now: Date }): Promise<void> {
  if (bouquets.length === 0) return
  const revision = await tx.revision()
  const ended = bouquets.map((bouquet) => ({ ...bouquet, status: "deleted" as const, onWindowAt: null, updatedAt: now, revision }))
  await setBouquets(tx, ended)
  tellBouquets(tx, ended, at)
}

/** The bouquets of an act, which must stand in its store. @throws Refusal 409 */
export async function lockBouquetsHere(tx: Transaction, act: Act): Promise<Bouquet[]> {
  const ids = act.lines.flatMap(({ bouquetId }) => bouquetId ?? [])
  const bouquets = await lockBouquets(tx, ids)
  for (const id of ids) {
    const bouquet = bouquets.find((each) => each.id === id)
    if (bouquet !== undefined && bouquet.storeId === act.storeId && ["assembled", "demonstrated", "reserved"].includes(bouquet.status))
      continue
    throw conflict(
      `The bouquet ${id} does not stand in the store ${act.storeId}.`,
      { pointer: "/data/relationships/lines" },
      "out-of-stock",
    )
  }
  return bouquets
}

export function missingAt(index: number): Problem {
  return {
    status: 409,
    code: "out-of-stock",
    title: "Out of stock",
    detail: `Line ${index + 1} takes more than there is (what is past its freshness counts only where it is allowed); lower its qty, or receive more first.`,
    source: { pointer: `/data/relationships/lines/data/${index}` },
  }
}

/** @throws Refusal with all of them. */
export function refuseIf([problem, ...others]: readonly Problem[]): void {
  if (problem !== undefined) throw new Refusal([problem, ...others])
}
