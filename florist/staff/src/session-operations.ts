// Signing in, refreshing, signing out, and changing passwords. Access tokens live for an hour, as long as published programs keep them, and are checked by every service alone, so whoever is
// switched off or dismissed can refresh no more at once, and reaches nothing any more after an hour at the latest.
import type { Surroundings } from "@florist/kit/app"
import { countedAs } from "@florist/kit/client-address"
import type { Row } from "@florist/kit/database"
import type { OpenShop } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import { uuid } from "@florist/kit/input"
import { flowOperation, noContent, ok, publicOperation } from "@florist/kit/operation"
import type { Answer, Operation } from "@florist/kit/operation"
import { Refusal, errorDocument, forbidden, notFound } from "@florist/kit/refusal"
import { everyone } from "@florist/kit/role"
import type { Role } from "@florist/kit/role"
import { z } from "zod"
import { Attempts } from "./attempt.ts"
import type { Attempt } from "./attempt.ts"
import { isPassword, keepPassword, keptPassword, newPassword, refuseAsLong, triedPassword } from "./password.ts"
import { firstRotation, parseToken, tokenText, useToken } from "./refresh-token.ts"
import type { RefreshToken } from "./refresh-token.ts"
import { accessLivesForS, includedWith, refreshLivesForMs, sessionOut, sessionQuery, sessionResource } from "./session.ts"
import { accountById, accountByUsername, endSession, endSessions, keepRotation, lockSession, openSession } from "./session-store.ts"
import { shopOfUsername, username } from "./username.ts"
import { changePassword, findWorker } from "./worker-store.ts"

const tag = "Auth API"
const type = z.string().max(100).optional()
const credentials = z
  .object({ data: z.object({ type, attributes: z.object({ username, password: triedPassword }) }) })
  .transform(({ data }) => data.attributes)
const refreshing = z
  .object({ data: z.object({ type, attributes: z.object({ refreshToken: z.string().max(300) }) }) })
  .transform(({ data }) => data.attributes)
const passwordChange = z
  .object({ data: z.object({ type, attributes: z.object({ currentPassword: triedPassword.optional(), password: newPassword }) }) })
  .transform(({ data }) => data.attributes)

type Include = readonly string[] | undefined

export function sessionOperations({ fleet, tokens }: Pick<Surroundings, "fleet" | "tokens">): readonly Operation[] {
  const attempts = new Attempts(fleet)

  async function show(shop: OpenShop, { worker, refreshToken, now, include }: Showing): Promise<Answer> {
    const stores = worker.store_ids as string[]
    const who = { shop: shop.id, worker: String(worker.id), role: worker.role as Role, ...(stores.length === 0 ? {} : { stores }) }
    const data = sessionResource({
      ...who,
      accessToken: await tokens.issue(who, { now, livesFor: accessLivesForS }),
      refreshToken: tokenText(refreshToken),
      expiresAt: new Date(now.getTime() + accessLivesForS * 1_000),
      refreshExpiresAt: new Date(now.getTime() + refreshLivesForMs),
    })
    return ok({ data, ...(include === undefined ? {} : { included: await includedWith(shop, shop.id, worker, include) }) })
  }

  async function open(shop: OpenShop, account: Row, now: Date, include: Include): Promise<Answer> {
    const { secret, rotation } = firstRotation(now)
    const refreshToken = { shop: shop.id, session: newId(), secret }
    const expiresAt = new Date(now.getTime() + refreshLivesForMs)
    const worker = await shop.write(async (tx) => {
      await openSession(tx, { id: refreshToken.session, account: String(account.id), rotation, expiresAt, now })
      return findWorker(tx, shop.id, String(account.worker_id))
    })
    return show(shop, { worker, refreshToken, now, include })
  }

  return [
    publicOperation({
      id: "CreateSession",
      method: "POST",
      path: "/v1/sessions",
      tag,
      summary: "Sign in",
      access: "public",
      query: sessionQuery,
      body: credentials,
      answers: { 200: sessionOut },
      refuses: [401, 403, 422, 429],
      async handle({ query, body, now, clientAddress }) {
        const shopId = await shopOfUsername(fleet.directory, body.username)
        const shop = shopId === undefined ? undefined : await fleet.shop(shopId)
        const attempt: Attempt = { username: body.username, address: countedAs(clientAddress), shard: shop?.shard.name, now }
        const wait = await attempts.begin(attempt)
        if (wait > 0) return tooMany(wait)
        const account = shop === undefined ? undefined : await accountByUsername(shop, shop.id, body.username)
        const isRight = await (account === undefined ? refuseAsLong(body.password) : isPassword(body.password, keptPassword(account)))
        if (shop === undefined || account === undefined || !isRight) throw wrongCredentials()
        await attempts.succeeded(attempt)
        assertWorksHere(account)
        return open(shop, account, now, query.include)
      },
    }),
    publicOperation({
      id: "RefreshSession",
      method: "PATCH",
      path: "/v1/sessions",
      tag,
      summary: "Refresh a session: the refresh token is used up, and another one comes with the new access token",
      access: "public",
      query: sessionQuery,
      body: refreshing,
      answers: { 200: sessionOut },
      refuses: [401, 422],
      async handle({ query, body, now }) {
        const { shop, token } = await read(fleet, body.refreshToken)
        const refreshed = await shop.write((tx) => refresh(tx, token, now))
        if (refreshed === undefined) throw sessionEnded()
        return show(shop, { ...refreshed, now, include: query.include })
      },
    }),
    publicOperation({
      id: "EndSession",
      method: "DELETE",
      path: "/v1/sessions",
      tag,
      summary: "Sign out: the session's refresh tokens work no more",
      access: "public",
      body: refreshing,
      answers: { 204: null },
      refuses: [401, 422],
      async handle({ body, now }) {
        const { shop, token } = await read(fleet, body.refreshToken)
        await shop.write(async (tx) => {
          const kept = await lockSession(tx, token.session)
          if (kept === undefined || useToken(kept.rotation, token.secret, now).outcome === "reused") return
          await endSession(tx, token.session, "signed-out", now)
        })
        return noContent
      },
    }),
    flowOperation({
      id: "ChangePassword",
      method: "POST",
      path: "/v1/users/{id}/password",
      tag: "Users",
      summary: "Change a password: one's own with the current one, another worker's as management. All sessions of the user end.",
      access: everyone,
      params: z.object({ id: uuid }),
      body: passwordChange,
      answers: { 204: null },
      refuses: [404, 422, 429],
      async handle({ shop, params, body, session, now }) {
        const account = await accountById(shop, shop.id, params.id)
        if (account === undefined) throw notFound(`user ${params.id}`, { parameter: "id" })
        if (account.worker_id === session.worker) {
          const attempt = { username: `user ${params.id}`, address: `worker ${session.worker}`, shard: shop.shard.name, now }
          const wait = await attempts.begin(attempt)
          if (wait > 0) return tooMany(wait)
          if (!(await isPassword(body.currentPassword ?? "", keptPassword(account)))) throw wrongCurrentPassword()
          await attempts.succeeded(attempt)
        } else assertMayReset(session.role, account)
        const password = await keepPassword(body.password)
        await shop.write(async (tx) => {
          await changePassword(tx, params.id, password)
          await endSessions(tx, [params.id], "password-changed", now)
        })
        return noContent
      },
    }),
  ]
}

interface Showing {
  worker: Row
  refreshToken: RefreshToken
  now: Date
  include: Include
}

type Tx = Parameters<typeof lockSession>[0]

/** @returns undefined where the token opens nothing; a session whose token was used before is ended then. */
async function refresh(tx: Tx, token: RefreshToken, now: Date): Promise<Pick<Showing, "worker" | "refreshToken"> | undefined> {
  const kept = await lockSession(tx, token.session)
  if (kept === undefined || kept.isEnded || kept.expiresAt <= now) return undefined
  const account = await accountById(tx, tx.shop, kept.account)
  if (account === undefined || account.status !== "on" || account.dismissed_at !== null) return undefined
  const use = useToken(kept.rotation, token.secret, now)
  if (use.outcome === "reused") {
    await endSession(tx, token.session, "reused", now)
    return undefined
  }
  if (use.outcome === "rotated") await keepRotation(tx, token.session, use.next, new Date(now.getTime() + refreshLivesForMs))
  const worker = await findWorker(tx, tx.shop, String(account.worker_id))
  return { worker, refreshToken: { ...token, secret: use.secret } }
}

/** @throws Refusal 401 for what is no token of an open shop. */
async function read(fleet: Surroundings["fleet"], text: string): Promise<{ shop: OpenShop; token: RefreshToken }> {
  const token = parseToken(text)
  if (token === undefined) throw sessionEnded()
  try {
    return { token, shop: await fleet.shop(token.shop) }
  } catch (cause) {
    throw cause instanceof Refusal && cause.status === 404 ? sessionEnded() : cause
  }
}

function assertWorksHere({ status, dismissed_at: dismissedAt }: Row): void {
  if (status !== "on" || dismissedAt !== null) throw forbidden("This user was switched off; ask the shop's management.")
}

function assertMayReset(role: Role, account: Row): void {
  if (role === "owner" || (role === "manager" && account.role !== "owner")) return
  throw forbidden("One's own password may be changed by everybody, an owner's by owners, the others by the management.")
}

const unauthorized = (code: string, detail: string, pointer: string) =>
  new Refusal([{ status: 401, code, title: "Not signed in", detail, source: { pointer } }])
const wrongCredentials = () => unauthorized("wrong-credentials", "There is no user with this name and password.", "/data/attributes")
const sessionEnded = () =>
  unauthorized("session-ended", "This refresh token opens no session any more; sign in.", "/data/attributes/refreshToken")
const wrongCurrentPassword = () =>
  new Refusal([
    {
      status: 422,
      code: "wrong-password",
      title: "Invalid input",
      detail: "currentPassword is not this user's.",
      source: { pointer: "/data/attributes/currentPassword" },
    },
  ])

function tooMany(waitMs: number): Answer {
  const seconds = Math.ceil(waitMs / 1_000)
  const detail = `There were too many wrong attempts; try again in ${seconds} s.`
  const body = errorDocument([{ status: 429, code: "too-many-attempts", title: "Too many attempts", detail }])
  return { status: 429, body, headers: { "retry-after": String(seconds) } }
}
