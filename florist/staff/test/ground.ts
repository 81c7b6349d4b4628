// Shops with an owner each, opened as whoever runs the platform opens them, and a client of the published API. Called by this folder's tests.
import assert from "node:assert/strict"
import { openFleet } from "@florist/kit/fleet"
import type { Fleet } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import type { Operation } from "@florist/kit/operation"
import type { Role } from "@florist/kit/role"
import { PublishedClient } from "@florist/published/exchange"
import type { ResourceSeen } from "@florist/published/exchange"
import pg from "pg"
import { shops, startPlatform } from "../../kit/test/platform.ts"
import type { Platform } from "../../kit/test/platform.ts"
import { openShop, readerOf } from "../src/open-shop.ts"
import type { OpenedShop } from "../src/open-shop.ts"
import { keepPassword } from "../src/password.ts"
import { staff } from "../src/service.ts"

export const password = "peonies in may"
export const neighbourShop = { id: shops.neighbour, shard: "s1", name: "Tulip", city: "Tver", owner: { username: "tulip", password } }

export interface Ground extends AsyncDisposable {
  platform: Platform
  client: PublishedClient
  operations: readonly Operation[]
  fleet: Fleet
  directory: pg.Pool
  rose: OpenedShop
  neighbour: OpenedShop
  tokenOf(role: Role, stores?: readonly string[]): Promise<string>
}

export async function openGround(): Promise<Ground> {
  const platform = await startPlatform()
  const { address, app } = await platform.start(staff)
  const directory = new pg.Pool({ connectionString: platform.directoryUrl, max: 2 })
  // The server ends before the last of these connections has heard that it is closed.
  directory.on("error", () => {})
  const fleet = openFleet({ service: "staff", directoryUrl: platform.directoryUrl, poolSize: 2 })
  const opening = { directory: readerOf(directory), fleet, now: new Date() }
  const kept = await keepPassword(password)
  const rose = await openShop(opening, {
    id: shops.rose,
    shard: "s1",
    name: "Rose",
    city: "Tver",
    owner: { username: "anna@rose", password: kept, firstName: "Anna", lastName: "Ivanova" },
  })
  const neighbour = await openShop(opening, neighbourShop)
  return {
    platform,
    client: new PublishedClient({ base: `${address}/api` }),
    operations: staff.operations(app.surroundings),
    fleet,
    directory,
    rose,
    neighbour,
    tokenOf: (role, stores) =>
      platform.token({ role, worker: role === "owner" ? rose.owner : newId(), ...(stores === undefined ? {} : { stores }) }),
    async [Symbol.asyncDispose]() {
      await Promise.all([directory.end(), fleet.close()])
      await platform[Symbol.asyncDispose]()
    },
  }
}

export const signIn = (username: string, given = password) => ({ data: { type: "sessions", attributes: { username, password: given } } })
export const refresh = (refreshToken: unknown) => ({ data: { type: "sessions", attributes: { refreshToken } } })

export interface WorkerBody {
  id?: string
  first?: string
  stores?: readonly string[]
  user?: { id?: string; login?: string; password?: string; role?: string }
}

export const workerBody = ({ id, first = "Lev", stores, user }: WorkerBody = {}) => ({
  data: {
    type: "workers",
    ...(id === undefined ? {} : { id }),
    attributes: { firstName: first, lastName: "Petrov", phone: "9001234567", countryCode: "7", salary: 30000.5, salaryPeriod: "month" },
    relationships: {
      ...(stores === undefined ? {} : { stores: { data: stores.map((store) => ({ type: "stores", id: store })) } }),
      ...(user === undefined ? {} : { user: { data: userBody(user) } }),
    },
  },
})

const userBody = ({ id, login, password: given = password, role = "3" }: NonNullable<WorkerBody["user"]>) => ({
  type: "users",
  ...(id === undefined ? {} : { id }),
  attributes: login === undefined ? {} : { login, password: given },
  relationships: { roles: { data: [{ type: "roles", id: role }] } },
})

export const switchBody = (id: string, status: "on" | "off") => ({
  data: [{ type: "workers", id, relationships: { user: { data: { type: "users", id, attributes: { status } } } } }],
})

/** An attribute that is text. */
export function textOf(value: unknown): string {
  assert.ok(typeof value === "string", `expected text, got ${JSON.stringify(value)}`)
  return value
}

export function userOf(worker: ResourceSeen): string {
  const data = worker.relationships.user?.data
  assert.ok(typeof data === "object" && data !== null && "id" in data)
  return textOf(data.id)
}
