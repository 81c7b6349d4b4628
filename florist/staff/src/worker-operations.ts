// The operations on workers and their users, and the list of roles.
import type { Surroundings } from "@florist/kit/app"
import { documentOut, pageMetaOut, references } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import type { OpenShop } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import { flag, several, text, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, flowOperation, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { everyone, management, roles } from "@florist/kit/role"
import type { Role } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import { z } from "zod"
import { latestRevision, pattern } from "./listing.ts"
import { keepPassword } from "./password.ts"
import { permissionResources, roleResource } from "./role-resource.ts"
import { storeResource } from "./store.ts"
import { storesById } from "./store-rows.ts"
import { releaseUsername } from "./username.ts"
import { changedWorker, newWorker, switchedWorkers, userResource, workerOut, workerResource } from "./worker.ts"
import type { UserIn } from "./worker.ts"
import { changeWorker, createWorker, findWorker, switchWorkers, workerFrom, workerSelect } from "./worker-store.ts"
import type { Changer, KeptUser } from "./worker-store.ts"

const tag = "Workers API"
const include = { include: several(z.enum(["user", "user.roles", "stores"])).optional() }
const byId = z.object({ id: uuid })

export function workerOperations({ fleet }: Pick<Surroundings, "fleet">): readonly Operation[] {
  const { directory } = fleet

  /** A user name that was claimed for a write that then failed is given back. */
  async function releasing(shop: OpenShop, user: KeptUser | undefined, write: () => Promise<Row>): Promise<Row> {
    try {
      return await write()
    } catch (cause) {
      if (user?.login !== undefined) await releaseUsername(directory, shop, user.login)
      throw cause
    }
  }

  return [
    readOperation({
      id: "ListWorkers",
      method: "GET",
      path: "/v1/workers",
      tag,
      summary: "List workers",
      access: everyone,
      query: z.object({
        ...pageQuery,
        ...include,
        "filter[stores]": several(uuid).optional(),
        search: text(200).optional(),
        dismissed: flag.optional(),
        "filter[users]": several(uuid).optional(),
        activeOnly: flag.optional(),
        revision: z.coerce.number().int().optional(),
      }),
      answers: { 200: documentOut(z.array(workerOut), { ...pageMetaOut, revision: z.int() }) },
      refuses: [422],
      async handle({ shop, query, session }) {
        const stores = query["filter[stores]"]
        const [page, revision] = await Promise.all([
          list(shop, {
            from: workerFrom,
            columns: workerSelect,
            conditions: [
              where("w.shop_id = ?", shop.id),
              query.revision === undefined
                ? where(query.dismissed === true ? "w.dismissed_at IS NOT NULL" : "w.dismissed_at IS NULL")
                : where("w.revision > ?", query.revision),
              query.activeOnly === true ? where("a.status = 'on' AND w.dismissed_at IS NULL") : undefined,
              where(
                "w.id IN (SELECT s.worker_id FROM staff.worker_store s WHERE s.shop_id = ? AND s.store_id = ANY (?::uuid[]))",
                shop.id,
                stores,
              ),
              where("a.id = ANY (?::uuid[])", query["filter[users]"]),
              where("concat_ws(' ', w.last_name, w.first_name, w.middle_name, w.phone, w.email) ILIKE ?", pattern(query.search)),
            ],
            order: { columns: [{ name: "w.id", type: "uuid" }], direction: "ASC" },
            query,
          }),
          latestRevision(shop),
        ])
        return ok({
          data: page.rows.map((row) => shownTo(session, row)),
          ...(await included(shop, page.rows, query.include)),
          meta: { ...page.meta, revision },
          links: pageLinks("/v1/workers", page),
        })
      },
    }),
    readOperation({
      id: "GetWorker",
      method: "GET",
      path: "/v1/worker/{id}",
      tag,
      summary: "Get a worker",
      access: everyone,
      params: byId,
      query: z.object(include),
      answers: { 200: documentOut(workerOut) },
      refuses: [404, 422],
      async handle({ shop, params, query, session }) {
        const row = await findWorker(shop, shop.id, params.id)
        return ok({ data: shownTo(session, row), ...(await included(shop, [row], query.include)) })
      },
    }),
    flowOperation({
      id: "CreateWorker",
      method: "POST",
      path: "/v1/workers",
      tag,
      summary: "Take on a worker, with a user to sign in with where one is given",
      access: management,
      body: newWorker,
      answers: { 201: documentOut(workerOut) },
      refuses: [400, 404, 409, 422],
      async handle({ shop, body, session, now }) {
        const user = await kept(body.relationships.user)
        const worker = { ...body, id: body.id ?? newId() }
        const row = await releasing(shop, user, () => shop.write((tx) => createWorker(tx, { worker, user }, { session, directory, now })))
        return created({ data: shownTo(session, row) })
      },
    }),
    flowOperation({
      id: "UpdateWorker",
      method: "PATCH",
      path: "/v1/worker/{id}",
      tag,
      summary: "Change a worker, and the worker's user",
      access: management,
      params: byId,
      body: changedWorker,
      answers: { 200: documentOut(workerOut) },
      refuses: [400, 404, 409, 422],
      async handle({ shop, params, body, session, now }) {
        const user = await kept(body.relationships.user)
        const worker = { ...body, id: params.id }
        const before = user?.login === undefined ? undefined : await findWorker(shop, shop.id, params.id)
        const row = await releasing(shop, user, () => shop.write((tx) => changeWorker(tx, { worker, user }, { session, directory, now })))
        const old = before?.username
        if (typeof old === "string" && old !== row.username) await releaseUsername(directory, shop, old)
        return ok({ data: shownTo(session, row) })
      },
    }),
    writeOperation({
      id: "UpdateWorkerStatus",
      method: "PATCH",
      path: "/v1/workers",
      tag,
      summary: "Let workers sign in, or not. Switching on takes a dismissed worker back.",
      access: management,
      body: switchedWorkers,
      answers: { 200: documentOut(z.array(workerOut)) },
      refuses: [400, 404, 409, 422],
      async handle({ tx, body, session, now }) {
        const changes = new Map(body.map(({ id, status }) => [id, status]))
        const rows = await switchWorkers(tx, changes, { session, directory, now })
        return ok({ data: rows.map((row) => shownTo(session, row)) })
      },
    }),
    writeOperation({
      id: "DeleteWorkers",
      method: "DELETE",
      path: "/v1/workers",
      tag,
      summary: "Dismiss workers: they stay in the shop's past and sign in no more",
      access: management,
      body: references(),
      answers: { 200: z.object({ meta: z.object({ total: z.int() }) }) },
      refuses: [400, 404, 409, 422],
      async handle({ tx, body, session, now }) {
        const by: Changer = { session, directory, now }
        const rows = await switchWorkers(tx, new Map(body.map((id) => [id, "dismissed"] as const)), by)
        return ok({ meta: { total: rows.length } })
      },
    }),
    readOperation({
      id: "ListRoles",
      method: "GET",
      path: "/v1/roles",
      tag: "Users",
      summary: "List the roles that users can have, with what each may do",
      access: everyone,
      answers: { 200: null },
      refuses: [],
      async handle() {
        const owners = permissionResources("owner")
        return ok({ data: roles.map(roleResource), included: owners, meta: { total: roles.length } })
      },
    }),
  ]
}

async function kept(user: UserIn | undefined): Promise<KeptUser | undefined> {
  return user === undefined ? undefined : { ...user, password: user.password === undefined ? undefined : await keepPassword(user.password) }
}

const shownTo = (session: Session, row: Row): Resource =>
  workerResource(row, management.includes(session.role) || row.id === session.worker ? "management" : "everyone")

async function included(shop: OpenShop, rows: readonly Row[], paths: readonly string[] | undefined): Promise<{ included?: Resource[] }> {
  if (paths === undefined) return {}
  const stores = paths.includes("stores") ? await storesById(shop, shop.id, new Set(rows.flatMap((row) => row.store_ids as string[]))) : []
  const withUser = rows.filter((row) => row.account_id !== null)
  const held = [...new Set(withUser.map((row) => row.role as Role))]
  return {
    included: [
      ...withUser.map(userResource),
      ...(paths.includes("user.roles") ? held.map(roleResource) : []),
      ...stores.map(storeResource),
    ],
  }
}
