// A store of the shop: what comes in, the row, the resource. The published names; a store's warehouse is its own, with the store's number.
import { moment, reference, referencesTo, resource, resourceIn, resourceOut, toMany, toOne, oneOut, manyOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { int, text, title } from "@florist/kit/input"
import { storeType } from "@florist/kit/contracts/staff"
import { z } from "zod"

const attributes = {
  addressCity: text(200),
  address: text(500),
  printLogo: z.boolean(),
  printAddress: z.boolean(),
  concealmentItems: int,
  externalLinkId: text(100).nullable(),
  anotherTitle: text(200).nullable(),
  formDeliveryTimeFormat: z.enum(["all", "diapason", "time"]),
}
const smallId = z.coerce.number().int().min(1).max(1_000_000)
const relationships = z.object({ timezone: toOne(smallId), image: toOne(), deliveryDiapasons: toMany(smallId) }).optional()

export const newStore = resourceIn(storeType, z.object({ title: title(200), ...z.object(attributes).partial().shape }), relationships)
export const changedStore = resourceIn(
  storeType,
  z
    .object({ title: title(200), ...attributes, revision: z.number().int(), status: z.enum(["on", "deleted"]) })
    .partial()
    .default({}),
  relationships,
)
export type NewStore = z.output<typeof newStore>
export type ChangedStore = z.output<typeof changedStore>

export const storeOut = resourceOut(
  storeType,
  {
    title: z.string(),
    addressCity: z.string(),
    address: z.string(),
    printLogo: z.boolean(),
    printAddress: z.boolean(),
    concealmentItems: z.number(),
    calculatedAt: z.string().nullable(),
    externalLinkId: z.string().nullable(),
    anotherTitle: z.string().nullable(),
    formDeliveryTimeFormat: z.enum(["all", "diapason", "time"]),
    deleted: z.boolean(),
    revision: z.number(),
  },
  { timezone: oneOut, warehouse: oneOut, image: oneOut, images: oneOut, printSettings: manyOut, deliveryDiapasons: manyOut },
)

/** Columns by what a client may set. */
export const storeColumns = {
  title: "title",
  addressCity: "address_city",
  address: "address",
  printLogo: "print_logo",
  printAddress: "print_address",
  concealmentItems: "concealment_items",
  externalLinkId: "external_link_id",
  anotherTitle: "another_title",
  formDeliveryTimeFormat: "form_delivery_time_format",
  status: "status",
} as const

export function storeResource(row: Row): Resource {
  const image = reference("images", row.image_id)
  return resource(
    storeType,
    String(row.id),
    {
      title: String(row.title),
      addressCity: String(row.address_city),
      address: String(row.address),
      printLogo: row.print_logo === true,
      printAddress: row.print_address === true,
      concealmentItems: Number(row.concealment_items),
      calculatedAt: moment(row.updated_at),
      externalLinkId: row.external_link_id ?? null,
      anotherTitle: row.another_title ?? null,
      formDeliveryTimeFormat: String(row.form_delivery_time_format),
      deleted: row.status === "deleted",
      revision: Number(row.revision),
    },
    {
      timezone: reference("timezones", String(row.timezone_id)),
      warehouse: reference("warehouses", String(row.number)),
      image,
      images: image,
      printSettings: { data: [] },
      deliveryDiapasons: referencesTo("delivery-diapason", (row.delivery_diapason_ids as number[]).map(String)),
    },
  )
}
