// Resources of other services as this one knows them, so that its answers can include them (JSON:API `include`) and its rules can look at them without
// asking anybody: stores, workers, items, customers. Owners publish each change; followers keep the newest. Used by every service.
import { z } from "zod"
import type { Reader } from "./database.ts"
import type { Resource } from "./document.ts"
import type { Consumption, Event } from "./relay.ts"
import type { Transaction } from "./transaction.ts"

/** The one event type by which owners publish their resources. */
export const resourceChanged = "resource.changed"

const published = z.object({
  type: z.string(),
  id: z.string(),
  revision: z.number(),
  deleted: z.boolean(),
  attributes: z.record(z.string(), z.unknown()),
  relationships: z.record(z.string(), z.unknown()).optional(),
})

export interface Published {
  resource: Resource
  revision: number
  state: "there" | "deleted"
}

/** Tells followers what the resource is like now. `revision` grows with each change of it. */
export function publish(tx: Transaction, { resource, revision, state }: Published, at: Date): void {
  const { type, id, attributes, relationships } = resource
  const data = { type, id, revision, deleted: state === "deleted", attributes, ...(relationships === undefined ? {} : { relationships }) }
  tx.emit({ type: resourceChanged, subject: id, occurredAt: at, data })
}

/**
 * Follows resources of the named types. `also` runs after the copy is kept, for services that need columns of their own.
 */
export function follow(
  service: string,
  from: string,
  types: readonly string[],
  also?: (tx: Transaction, resource: z.output<typeof published>) => Promise<void>,
): Consumption {
  const apply = async (tx: Transaction, event: Event) => {
    const resource = published.parse(event.data)
    if (!types.includes(resource.type)) return
    const { type, id, revision, deleted, attributes, relationships } = resource
    const kept = await tx.query(
      `INSERT INTO ${service}.known_resource (shop_id, type, id, revision, deleted, attributes, relationships) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (shop_id, type, id) DO UPDATE SET revision = excluded.revision, deleted = excluded.deleted, attributes = excluded.attributes,
         relationships = excluded.relationships
       WHERE known_resource.revision < excluded.revision RETURNING id`,
      [
        tx.shop,
        type,
        id,
        revision,
        deleted,
        JSON.stringify(attributes),
        relationships === undefined ? null : JSON.stringify(relationships),
      ],
    )
    if (kept.length === 1) await also?.(tx, resource)
  }
  return { from, on: { [resourceChanged]: apply } }
}

export interface Known extends Resource {
  isDeleted: boolean
}

/** Those of the named resources that this service has heard of, in no order. */
export async function knownResources(reader: Reader, service: string, type: string, ids: readonly string[]): Promise<Known[]> {
  if (ids.length === 0) return []
  const rows = await reader.query(
    `SELECT type, id, deleted, attributes, relationships FROM ${service}.known_resource WHERE type = $1 AND id = ANY ($2::text[])`,
    [type, [...new Set(ids)]],
  )
  return rows.map((row) => ({
    type: String(row.type),
    id: String(row.id),
    attributes: row.attributes as Record<string, unknown>,
    ...(row.relationships === null ? {} : { relationships: row.relationships as NonNullable<Resource["relationships"]> }),
    isDeleted: row.deleted === true,
  }))
}
