// A session as the published API shows it, with whatever is to be included. Called by the session operations.
import { documentOut, moment, reference, resourceOut, oneOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { several } from "@florist/kit/input"
import type { Role } from "@florist/kit/role"
import type { Reader } from "@florist/kit/database"
import { z } from "zod"
import { positionsOf } from "./position.ts"
import { permissionResources, roleResource } from "./role-resource.ts"
import { userResource, workerResource } from "./worker.ts"

export const accessLivesForS = 60 * 60
/** From each refresh anew. */
export const refreshLivesForMs = 30 * 86_400_000

export const sessionQuery = z.object({
  include: several(z.enum(["worker", "worker.position", "worker.user", "worker.user.roles", "worker.user.roles.permissions"])).optional(),
})

export const sessionOut = documentOut(
  resourceOut(
    "sessions",
    { expireAt: z.string(), refreshExpireAt: z.string(), accessToken: z.string(), refreshToken: z.string(), saasCustomerId: z.int() },
    { worker: oneOut },
  ),
)

export interface SessionToShow {
  shop: number
  worker: string
  accessToken: string
  refreshToken: string
  expiresAt: Date
  refreshExpiresAt: Date
}

export const sessionResource = ({ shop, worker, accessToken, refreshToken, expiresAt, refreshExpiresAt }: SessionToShow): Resource => ({
  type: "sessions",
  id: "current",
  attributes: {
    expireAt: moment(expiresAt),
    refreshExpireAt: moment(refreshExpiresAt),
    accessToken,
    refreshToken,
    saasCustomerId: shop,
  },
  relationships: { worker: reference("workers", worker) },
})

/** What `include` names, and whatever lies on the way to it. One's own salary may be seen. */
export async function includedWith(reader: Reader, shop: number, worker: Row, paths: readonly string[]): Promise<Resource[]> {
  const wanted = new Set(paths.flatMap((path) => path.split(".")))
  const position = wanted.has("position") && typeof worker.position_id === "string" ? [worker.position_id] : []
  return [
    ...(wanted.has("permissions") ? permissionResources(worker.role as Role) : []),
    ...(wanted.has("roles") ? [roleResource(worker.role as Role)] : []),
    ...(wanted.has("user") ? [userResource(worker)] : []),
    ...(await positionsOf(reader, shop, position)),
    ...(wanted.has("worker") ? [workerResource(worker, "management")] : []),
  ]
}
