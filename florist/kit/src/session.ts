// Who asks: access tokens (JWT, HS256) that every service checks by itself, and the tokens by which services ask each other.
// Refresh tokens belong to the staff service.
import { SignJWT, errors, jwtVerify } from "jose"
import { z } from "zod"
import { forbidden, unauthenticated } from "./refusal.ts"
import { role } from "./role.ts"

const claims = z.object({
  shop: z.number().int().positive(),
  sub: z.uuid(),
  role,
  /** Absent for whoever works in all stores of the shop. */
  stores: z.array(z.uuid()).optional(),
  exp: z.number(),
})

const peerClaims = z.object({ aud: z.literal("florist-peer"), iss: z.string(), exp: z.number() })

export interface Session {
  shop: number
  /** Id of the worker. */
  worker: string
  role: z.output<typeof role>
  stores?: readonly string[]
}

export interface TokenOptions {
  now: Date
  /** Seconds. */
  livesFor: number
}

const remembered = 20_000
const peerLivesForS = 60

export class Tokens {
  readonly #secret: Uint8Array
  readonly #checked = new Map<string, { session: Session; expiresAt: number }>()
  #peerToken: { token: string; until: number } | undefined

  constructor(secret: string) {
    this.#secret = new TextEncoder().encode(secret)
  }

  issue({ shop, worker, role, stores }: Session, { now, livesFor }: TokenOptions): Promise<string> {
    const issuedAt = Math.floor(now.getTime() / 1_000)
    return new SignJWT({ shop, role, ...(stores === undefined ? {} : { stores: [...stores] }) })
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(worker)
      .setAudience("florist")
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + livesFor)
      .sign(this.#secret)
  }

  /**
   * @param authorization the header: "Bearer <token>".
   * @throws Refusal 401
   */
  async check(authorization: string | undefined, now: Date): Promise<Session> {
    const token = bearer(authorization)
    const known = this.#checked.get(token)
    if (known !== undefined && known.expiresAt > now.getTime()) return known.session
    const { shop, sub, role, stores, exp } = await this.#verified(token, "florist", claims, now)
    const session: Session = { shop, worker: sub, role, ...(stores === undefined ? {} : { stores }) }
    if (this.#checked.size >= remembered) this.#checked.clear()
    this.#checked.set(token, { session, expiresAt: exp * 1_000 })
    return session
  }

  /** The header with which one service asks another. */
  async peerAuthorization(service: string, now: Date): Promise<string> {
    if (this.#peerToken === undefined || this.#peerToken.until <= now.getTime()) {
      const issuedAt = Math.floor(now.getTime() / 1_000)
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: "HS256" })
        .setIssuer(service)
        .setAudience("florist-peer")
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + peerLivesForS)
        .sign(this.#secret)
      this.#peerToken = { token, until: now.getTime() + (peerLivesForS * 1_000) / 2 }
    }
    return `Bearer ${this.#peerToken.token}`
  }

  /** @throws Refusal 401, 403 */
  async checkPeer(authorization: string | undefined, now: Date): Promise<void> {
    const { iss } = await this.#verified(bearer(authorization), "florist-peer", peerClaims, now)
    if (iss === "") throw forbidden("Only Florist's own services may ask this.")
  }

  async #verified<T extends z.ZodType>(token: string, audience: string, shape: T, now: Date): Promise<z.output<T>> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, { algorithms: ["HS256"], audience, currentDate: now })
      return shape.parse(payload)
    } catch (cause) {
      if (cause instanceof errors.JWTExpired) throw unauthenticated("The access token has expired; refresh the session.")
      throw unauthenticated("The access token is not one of this platform; create a session.")
    }
  }
}

function bearer(authorization: string | undefined): string {
  const token = /^Bearer ([\w.-]+)$/.exec(authorization ?? "")?.[1]
  if (token === undefined) throw unauthenticated('Send the access token as "authorization: Bearer <token>".')
  return token
}
