// Who listens to a stream. Browsers cannot set headers there, so the access token may come as the query parameter `access_token`; the stream ends with the session.
import type { FastifyRequest } from "fastify"
import { z } from "zod"
import type { Surroundings } from "@florist/kit/app"
import type { OpenShop } from "@florist/kit/fleet"
import { read } from "@florist/kit/input"
import type { Session } from "@florist/kit/session"

const query = z.object({ access_token: z.string().max(4_000).optional() })

export interface Listening {
  shop: OpenShop
  session: Session
}

/** @throws Refusal 401 */
export async function listenerOf({ tokens, fleet, clock }: Surroundings, request: FastifyRequest): Promise<Listening> {
  const { access_token: token } = read(query, request.query, "query")
  const session = await tokens.check(token === undefined ? request.headers.authorization : `Bearer ${token}`, clock())
  return { session, shop: await fleet.shop(session.shop) }
}
