// Bonus groups and discount groups over the API. The two are published alike; only the status of a change differs.
import { documentOut, references } from "@florist/kit/document"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { noContent, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { everyone, management } from "@florist/kit/role"
import { z } from "zod"
import { bonusGroups, discountGroups } from "./group.ts"
import type { GroupKind } from "./group.ts"
import { createGroup, deleteGroups, groupOf, updateGroup } from "./group-store.ts"
import { smallId, smallIdParams } from "./number.ts"
import { changedAfter, currentRevision, revisionFilter } from "./revision.ts"

const listMetaOut = {
  pageNumber: z.number(),
  pageSize: z.number(),
  revision: z.number(),
  total: z.number(),
}

interface Published {
  kind: GroupKind
  tag: string
  /** "BonusGroup" */
  noun: string
  changedStatus: 200 | 201
}

const groupsPublished: readonly Published[] = [
  { kind: bonusGroups, tag: "Bonus group API", noun: "BonusGroup", changedStatus: 201 },
  { kind: discountGroups, tag: "Discount group API", noun: "DiscountGroup", changedStatus: 200 },
]

export const groupOperations = (): Operation[] => groupsPublished.flatMap(operationsOf)

function operationsOf({ kind, tag, noun, changedStatus }: Published): Operation[] {
  const path = `/v1/${kind.type}`
  const draft = z.object({
    data: z.object({ type: z.literal(kind.type).optional(), id: smallId.optional(), attributes: kind.attributes }),
  })
  return [
    readOperation({
      id: `List${noun}s`,
      method: "GET",
      path,
      tag,
      summary: `List ${kind.name}s`,
      access: everyone,
      query: z.object({ ...pageQuery, "filter[revision]": revisionFilter }),
      answers: { 200: documentOut(z.array(kind.out), listMetaOut) },
      refuses: [400],
      async handle({ shop, query }) {
        const since = query["filter[revision]"]
        const revision = await currentRevision(shop)
        const page = await list(shop, {
          from: kind.table,
          columns: kind.columns,
          conditions: [changedAfter(since), since === undefined ? where("status <> 'deleted'") : undefined],
          order: { columns: [{ name: "id", type: "bigint" }], direction: "ASC" },
          query,
        })
        const { number: pageNumber, size: pageSize } = page.meta.page
        const meta = { ...page.meta, pageNumber, pageSize, revision }
        return { status: 200, body: { data: page.rows.map(kind.resource), meta, links: pageLinks(path, page) } }
      },
    }),
    writeOperation({
      id: `Create${noun}`,
      method: "POST",
      path,
      tag,
      summary: `Create a ${kind.name}`,
      access: management,
      body: draft,
      answers: { 201: documentOut(kind.out) },
      refuses: [400, 422],
      async handle({ tx, body, now }) {
        return { status: 201, body: { data: kind.resource(await createGroup(tx, kind, body.data.attributes, now)) } }
      },
    }),
    writeOperation({
      id: `Delete${noun}`,
      method: "DELETE",
      path,
      tag,
      summary: `Delete ${kind.name}s`,
      access: management,
      body: references(smallId),
      answers: { 204: null },
      refuses: [400, 404, 422],
      async handle({ tx, body, now }) {
        await deleteGroups(tx, kind, body, now)
        return noContent
      },
    }),
    readOperation({
      id: `Get${noun}`,
      method: "GET",
      path: `${path}/{id}`,
      tag,
      summary: `Read a ${kind.name}`,
      access: everyone,
      params: smallIdParams,
      answers: { 200: documentOut(kind.out) },
      refuses: [400, 404],
      async handle({ shop, params }) {
        return { status: 200, body: { data: kind.resource(await groupOf(shop, kind, params.id)) } }
      },
    }),
    writeOperation({
      id: `Update${noun}`,
      method: "PATCH",
      path: `${path}/{id}`,
      tag,
      summary: `Change a ${kind.name}`,
      access: management,
      params: smallIdParams,
      body: draft,
      answers: { [changedStatus]: documentOut(kind.out) },
      refuses: [400, 404, 409, 422],
      async handle({ tx, params, body, now }) {
        const row = await updateGroup(tx, kind, params.id, body.data.attributes, now)
        return { status: changedStatus, body: { data: kind.resource(row) } }
      },
    }),
  ]
}
