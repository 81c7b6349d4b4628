// JSON:API documents as the demo's programs write them, and ids that they make. Called by everything that plays in the shop.
import type { Random } from "../random.ts"

export interface Ref {
  type: string
  id: string
}

/** What each relationship's data is; undefined leaves it out. */
export type Relations = Readonly<Record<string, object | null | undefined>>

export const to = (type: string, id: string): Ref => ({ type, id })

export interface Draft {
  type: string
  id?: string
  attributes?: object
  relations?: Relations
}

/** A resource within a document; relations that are undefined are left out. */
export function resource({ type, id, attributes = {}, relations }: Draft): object {
  const given = Object.entries(relations ?? {}).filter(([, data]) => data !== undefined)
  const relationships = Object.fromEntries(given.map(([name, data]) => [name, { data }]))
  return { type, ...(id === undefined ? {} : { id }), attributes, ...(relations === undefined ? {} : { relationships }) }
}

export const document = (draft: Draft): { data: object } => ({ data: resource(draft) })

/** UUIDs of version 7 whose random part is repeatable. */
export function idsFrom(random: Random): (at: Date) => string {
  return (at) => {
    const time = at.getTime().toString(16).padStart(12, "0")
    const [a, b, c] = [random.hex(), random.hex(), random.hex()]
    return `${time.slice(0, 8)}-${time.slice(8)}-7${a.slice(0, 3)}-${"89ab"[random.below(4)]}${a.slice(3, 6)}-${b}${c.slice(0, 4)}`
  }
}
