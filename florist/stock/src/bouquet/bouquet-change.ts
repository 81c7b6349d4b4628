// What a client's request makes of a bouquet: its words, its price, its components, its status; and with them what moves in stock. Called by its operations.
import { conflict, invalid } from "@florist/kit/refusal"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { checkRevision, checkStore } from "../access.ts"
import { readRecipe } from "./recipe.ts"
import { assemble, disassemble, isMade, priceOf, tellBouquets, workFor } from "./bouquet.ts"
import type { Bouquet, BouquetStatus } from "./bouquet.ts"
import { retailOf, setBouquets } from "./bouquet-store.ts"
import type { BouquetIn } from "./bouquet-wire.ts"

export interface Changing {
  session: Session
  now: Date
}

/** Carries out the change, writes the bouquet and tells the others. @throws Refusal 403, 409, 422 */
export async function changeBouquet(tx: Transaction, bouquet: Bouquet, given: BouquetIn, { session, now }: Changing): Promise<Bouquet> {
  checkRevision(bouquet.revision, given.attributes.revision, "bouquet")
  const at = given.attributes.occurredAt ?? now
  const expired = given.attributes.withExpired === true ? "take" : "leave"
  const described = await describe(tx, bouquet, given)
  const wanted = wantedStatus(bouquet, given)
  checkMove(session, bouquet, described)

  const isRemade = !sameComponents(bouquet, described)
  if (isRemade) checkOpen(bouquet)
  const work = workFor(bouquet, wanted)
  const isApart = work === "disassemble" || (isMade(bouquet) && isRemade)
  let made = isApart ? await disassemble(tx, described, at) : described
  let status = wanted
  if (isMade({ status: wanted }) && (isApart || work === "assemble")) {
    const assembled = await assemble(tx, made, { at, expired })
    made = assembled.bouquet
    if (!assembled.isThere) status = "sold"
  }
  return finish(tx, bouquet, { ...made, status, onWindowAt: onWindow(bouquet, status, given, now) }, { session, now })
}

/** @throws Refusal 409 */
function checkOpen({ docNo, status }: Bouquet): void {
  if (status !== "sold" && status !== "deleted") return
  throw conflict(`The bouquet ${docNo} is ${status}; what it is made of stays as it is.`, { pointer: "/data/relationships/components" })
}

async function finish(tx: Transaction, before: Bouquet, made: Bouquet, { session, now }: Changing): Promise<Bouquet> {
  const changed = { ...made, updatedBy: session.worker, updatedAt: now, revision: await tx.revision() }
  await setBouquets(tx, [changed])
  tellBouquets(tx, [changed], before.status === changed.status ? now : (changed.assembledAt ?? now))
  return changed
}

/** Everything but what it is made into. */
async function describe(tx: Transaction, bouquet: Bouquet, { attributes, relationships = {} }: BouquetIn): Promise<Bouquet> {
  const recipeId = relationships.specWithVar ?? undefined
  const recipe = recipeId === undefined ? undefined : await readRecipe(tx, recipeId)
  if (recipeId !== undefined && recipe === undefined)
    throw invalid(`There is no recipe ${recipeId}.`, { pointer: "/data/relationships/specWithVar/data/id" })
  const components =
    relationships.components?.data.map(({ attributes: { qty }, relationships: { item } }) => ({ itemId: item.data.id, qty })) ??
    (recipe !== undefined && bouquet.components.length === 0 ? recipe.lines : bouquet.components)
  const storeId = relationships.store ?? bouquet.storeId
  const priced = {
    ...bouquet,
    title: attributes.title ?? (bouquet.title === "" ? (recipe?.title ?? `Bouquet ${bouquet.docNo}`) : bouquet.title),
    description: attributes.description ?? (bouquet.description === "" ? (recipe?.description ?? "") : bouquet.description),
    height: attributes.height ?? bouquet.height,
    width: attributes.width ?? bouquet.width,
    color: attributes.color ?? bouquet.color,
    isPublic: attributes.public ?? bouquet.isPublic,
    discount: attributes.discount ?? bouquet.discount,
    discountType: attributes.discountType ?? bouquet.discountType,
    markup: attributes.markup ?? bouquet.markup,
    markupType: attributes.markupType ?? bouquet.markupType,
    components,
    storeId,
    orderId: relationships.order === undefined ? bouquet.orderId : relationships.order,
    floristId: relationships.florist === undefined ? bouquet.floristId : relationships.florist,
    recipeId: relationships.specWithVar === undefined ? bouquet.recipeId : relationships.specWithVar,
    groupId: relationships.group === undefined ? bouquet.groupId : relationships.group,
    imageId: relationships.image ?? relationships.logo ?? (relationships.image === null ? null : bouquet.imageId),
  }
  const amount = attributes.amount ?? (await amountOf(tx, bouquet, priced, recipe?.salePrice ?? null))
  return { ...priced, amount, salePrice: attributes.saleAmount ?? salePriceOf(bouquet, { ...priced, amount }) }
}

/** A new bouquet costs what its recipe says, else what its parts would. */
async function amountOf(tx: Transaction, before: Bouquet, priced: Bouquet, ofRecipe: number | null): Promise<number> {
  if (before.revision > 0) return before.amount
  return ofRecipe ?? retailOf(tx, priced.storeId, priced.components)
}

/** A price that somebody named stays until what it follows from changes. */
function salePriceOf(before: Bouquet, after: Bouquet): number {
  return before.revision > 0 && priceOf(before) === priceOf(after) ? before.salePrice : priceOf(after)
}

function wantedStatus(bouquet: Bouquet, { attributes: { status } }: BouquetIn): BouquetStatus {
  if (status === undefined) return bouquet.status
  if (status === "on") return "demonstrated"
  if (status === "off") return isMade(bouquet) ? "assembled" : bouquet.status
  return status
}

function onWindow({ status, onWindowAt }: Bouquet, wanted: BouquetStatus, { attributes }: BouquetIn, now: Date): Date | null {
  if (wanted === "sold") return onWindowAt
  if (wanted !== "demonstrated") return null
  return attributes.onWindowAt ?? (status === "demonstrated" ? onWindowAt : null) ?? attributes.occurredAt ?? now
}

/** What is made moves by a transfer. */
function checkMove(session: Session, before: Bouquet, after: Bouquet): void {
  checkStore(session, after.storeId)
  if (before.storeId === after.storeId || !["assembled", "demonstrated", "reserved", "sold"].includes(before.status)) return
  throw conflict(
    `The bouquet ${before.docNo} stands in the store ${before.storeId}; move it by a movement act.`,
    { pointer: "/data/relationships/store" },
    "moves-by-act",
  )
}

function sameComponents(before: Bouquet, after: Bouquet): boolean {
  const text = ({ components }: Bouquet) => JSON.stringify(components.map(({ itemId, qty }) => [itemId, qty]))
  return text(before) === text(after)
}
