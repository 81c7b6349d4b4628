// Which stores' documents a session may see and change, and what makes a repeated creation the same. Called by every operation with a store in it.
import { createHash } from "node:crypto"
import { conflict, forbidden, notFound } from "@florist/kit/refusal"
import type { Session } from "@florist/kit/session"

export const mayUse = ({ stores }: Session, storeId: string): boolean => stores === undefined || stores.includes(storeId)

/** @throws Refusal 403 */
export function checkStore(session: Session, storeId: string): void {
  if (!mayUse(session, storeId)) throw forbidden(`Your session is for other stores than ${storeId}.`)
}

/** What lies in a store that the session is not for is not there. @throws Refusal 404 */
export function checkSeen(session: Session, storeId: string, what: string): void {
  if (!mayUse(session, storeId)) throw notFound(what, { parameter: "id" })
}

/** The stores of a list: those asked for that the session is for. Undefined means all. */
export function visibleStores({ stores }: Session, asked?: readonly string[]): readonly string[] | undefined {
  if (stores === undefined) return asked
  return asked === undefined ? stores : asked.filter((id) => stores.includes(id))
}

export const contentHash = (content: unknown): string => createHash("sha256").update(JSON.stringify(content)).digest("hex")

/** @throws Refusal 409 */
export function checkSameContent(kept: unknown, given: string, what: string): void {
  if (kept === given) return
  throw conflict(`There is a ${what} of this id already, made from another request; take a new id.`, { pointer: "/data/id" }, "id-taken")
}

/** @throws Refusal 409 */
export function checkRevision(current: unknown, given: number | undefined, what: string): void {
  if (given === undefined || given === Number(current)) return
  throw conflict(
    `The ${what} is at revision ${Number(current)}, not ${given}; read it again and repeat your change.`,
    { pointer: "/data/attributes/revision" },
    "stale-revision",
  )
}
