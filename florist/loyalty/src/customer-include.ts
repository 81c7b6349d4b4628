// What an answer about customers can bring with it. Called by the customers' operations.
import { resource } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Reader } from "@florist/kit/database"
import { several } from "@florist/kit/input"
import { knownResources } from "@florist/kit/known"
import { workerType } from "@florist/kit/contracts/staff"
import { z } from "zod"
import { entryResource, preferences, sources } from "./dictionary.ts"
import type { Dictionary } from "./dictionary.ts"
import { eventColumns, eventResource } from "./event.ts"
import { bonusGroups, discountGroups } from "./group.ts"
import type { GroupKind } from "./group.ts"

/** The "rules" of groups are published without operations of their own: there are none to bring. */
const includable = [
  "person",
  "bonusGroup",
  "bonusGroup.rules",
  "discountGroups",
  "discountGroups.rules",
  "customerSources",
  "customerPreferences",
  "customerEvents",
  "createdBy",
] as const

export const includeQuery = { include: several(z.enum(includable)).optional() }

type Includes = readonly (typeof includable)[number][] | undefined

export async function includedWith(reader: Reader, customers: readonly Resource[], includes: Includes): Promise<Resource[] | undefined> {
  if (includes === undefined) return undefined
  const wanted = new Set(includes.map((name) => name.replace(/\.rules$/, "")))
  const idsOf = (name: string) => (wanted.has(name) ? [...new Set(customers.flatMap((customer) => linkedIds(customer, name)))] : [])
  const found = await Promise.all([
    groups(reader, bonusGroups, idsOf("bonusGroup")),
    groups(reader, discountGroups, idsOf("discountGroups")),
    entries(reader, sources, idsOf("customerSources")),
    entries(reader, preferences, idsOf("customerPreferences")),
    events(reader, idsOf("customerEvents")),
    workers(reader, idsOf("createdBy")),
  ])
  return found.flat()
}

function linkedIds({ relationships }: Resource, name: string): string[] {
  const data = relationships?.[name]?.data ?? []
  return [data].flat().map(({ id }) => id)
}

async function groups(reader: Reader, kind: GroupKind, ids: readonly string[]): Promise<Resource[]> {
  if (ids.length === 0) return []
  const rows = await reader.query(`SELECT ${kind.columns} FROM ${kind.table} WHERE id = ANY ($1::bigint[]) ORDER BY id`, [ids])
  return rows.map(kind.resource)
}

async function entries(reader: Reader, dictionary: Dictionary, ids: readonly string[]): Promise<Resource[]> {
  if (ids.length === 0) return []
  const rows = await reader.query(
    `SELECT id, title, deleted, revision FROM ${dictionary.table} WHERE id = ANY ($1::bigint[]) ORDER BY id`,
    [ids],
  )
  return rows.map((row) => entryResource(dictionary, row))
}

async function events(reader: Reader, ids: readonly string[]): Promise<Resource[]> {
  if (ids.length === 0) return []
  const rows = await reader.query(`SELECT ${eventColumns} FROM loyalty.customer_event WHERE id = ANY ($1::uuid[]) ORDER BY id`, [ids])
  return rows.map(eventResource)
}

async function workers(reader: Reader, ids: readonly string[]): Promise<Resource[]> {
  const known = await knownResources(reader, "loyalty", workerType, ids)
  return known.map(({ id, attributes }) => resource(workerType, id, attributes))
}
