// A category: what comes in, the row, the resource. The published names.
import { oneOut, reference, resource, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { text, title } from "@florist/kit/input"
import { categoryType } from "@florist/kit/contracts/catalog"
import { z } from "zod"
import { groupId } from "./group.ts"

const color = text(30)
const status = z.enum(["on", "off"])
const relationships = z.object({ group: toOne(groupId), image: toOne(), parent: toOne() }).optional()

export const newCategory = resourceIn(
  categoryType,
  z.object({ title: title(200), color: color.optional(), status: status.optional() }),
  relationships,
)
export type NewCategory = z.output<typeof newCategory>

/** What the service itself works out may come along, and is not looked at. */
const workedOut = { countPublicItems: z.unknown(), deleted: z.unknown(), path: z.unknown(), pathIds: z.unknown() }
export const changedCategory = z
  .object({
    data: z.object({
      type: z.literal(categoryType).optional(),
      id: z.string().optional(),
      attributes: z
        .object({ title: title(200), color, status, revision: z.number().int(), ...workedOut })
        .partial()
        .default({}),
      relationships,
      links: z.unknown().optional(),
    }),
  })
  .transform(({ data }) => ({ attributes: data.attributes, relationships: data.relationships }))
export type ChangedCategory = z.output<typeof changedCategory>

export const categoryOut = resourceOut(
  categoryType,
  {
    title: z.string(),
    color: z.string(),
    status,
    countPublicItems: z.int(),
    deleted: z.boolean(),
    path: z.array(z.string()),
    pathIds: z.array(z.string()),
    revision: z.int(),
  },
  { group: oneOut, image: oneOut, parent: oneOut },
)

export const categoryResource = (row: Row): Resource =>
  resource(
    categoryType,
    String(row.id),
    {
      title: String(row.title),
      color: String(row.color),
      status: String(row.status),
      countPublicItems: Number(row.count_public_items),
      deleted: row.deleted === true,
      path: row.path,
      pathIds: row.path_ids,
      revision: Number(row.revision),
    },
    {
      group: reference("inventory-groups", String(row.group_id)),
      image: reference("images", row.image_id),
      parent: reference(categoryType, row.parent_id),
    },
  )
