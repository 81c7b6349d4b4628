// Asks the platform: JSON:API, a session that refreshes itself, and problems that say whether asking again can help. Called by everything that needs an answer.
import { kept, keep, forget } from "./keep.js"

const answerWithinMs = 20_000
const refreshBeforeMs = 30_000
const triesOfRead = 2
const mediaType = "application/vnd.api+json"

export class Problem extends Error {
  /** @param kind "refused": asking again changes nothing. "unreachable": it may have been done, and may be asked again with the same key. "signed-out". */
  constructor(message, { kind, code, status }) {
    super(message)
    this.kind = kind
    this.code = code
    this.status = status
  }
}

let access
const listeners = []
let isReachable = true
let refreshing

/** Calls back with "reachable" | "unreachable" | "signed-out". */
export const onConnection = (listener) => listeners.push(listener)
export const isOffline = () => !isReachable

const tell = (what) => {
  if (what === "reachable" && isReachable) return
  if (what !== "signed-out") isReachable = what === "reachable"
  for (const listener of listeners) listener(what)
}

/** Who is signed in, as the last token said; kept, so that the page opens without a network too. */
export const session = () => kept("session")?.who

/** @throws Problem */
export async function signIn(username, password) {
  const answer = await send("/v1/sessions?include=worker", {
    method: "POST",
    body: { data: { type: "sessions", attributes: { username, password } } },
  })
  return opened(answer)
}

export async function signOut() {
  const refreshToken = kept("session")?.refreshToken
  access = undefined
  forget("session")
  if (refreshToken === undefined) return
  const body = { data: { type: "sessions", attributes: { refreshToken } } }
  await send("/v1/sessions", { method: "DELETE", body }).catch(() => {})
}

function opened({ data, included = [] }) {
  const { accessToken, refreshToken } = data.attributes
  const claims = claimsIn(accessToken)
  access = { token: accessToken, until: claims.exp * 1_000 }
  const worker = included.find(({ type }) => type === "workers")?.attributes
  const name = worker === undefined ? kept("session")?.who.name : `${worker.firstName} ${worker.lastName}`.trim()
  const who = { shop: claims.shop, worker: claims.sub, role: claims.role, stores: claims.stores, name: name ?? claims.role }
  keep("session", { refreshToken, who })
  return who
}

function claimsIn(token) {
  const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))
  return JSON.parse(text)
}

/** One at a time in all tabs: a refresh token works once. */
async function refresh() {
  refreshing ??= alone("kassa-session", async () => {
    const known = kept("session")
    if (known === undefined) throw signedOut()
    const body = { data: { type: "sessions", attributes: { refreshToken: known.refreshToken } } }
    try {
      opened(await send("/v1/sessions?include=worker", { method: "PATCH", body }))
    } catch (problem) {
      if (problem.kind !== "refused") throw problem
      access = undefined
      forget("session")
      tell("signed-out")
      throw signedOut()
    }
  }).finally(() => (refreshing = undefined))
  return refreshing
}

const signedOut = () => new Problem("The session has ended. Sign in again.", { kind: "signed-out", status: 401 })

/** Where the browser has no locks (a page without TLS), tabs are on their own. */
export const alone = (name, work) => (navigator.locks === undefined ? work() : navigator.locks.request(name, work))

/** The access token, for streams. */
export async function token() {
  if (access === undefined || access.until - Date.now() < refreshBeforeMs) await refresh()
  return access.token
}

/**
 * @param path below /api
 * @param query values that are undefined are left out
 * @param key repeating with the same one has no second effect
 * @throws Problem
 */
export async function ask(path, { method = "GET", query = {}, body, key } = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined))
  const address = search.size === 0 ? path : `${path}?${search}`
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(address, { method, body, key, authorization: `Bearer ${await token()}` })
    } catch (problem) {
      if (problem.status === 401 && problem.kind === "refused" && attempt === 1) access = undefined
      else if (method !== "GET" || problem.kind !== "unreachable" || attempt >= triesOfRead) throw problem
    }
  }
}

async function send(address, { method, body, key, authorization }) {
  const headers = {
    accept: mediaType,
    ...(authorization === undefined ? {} : { authorization }),
    ...(body === undefined ? {} : { "content-type": mediaType }),
    ...(key === undefined ? {} : { "idempotency-key": key }),
  }
  let response
  let text
  try {
    const signal = AbortSignal.timeout(answerWithinMs)
    response = await fetch(`/api${address}`, { method, headers, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    text = await response.text()
  } catch {
    tell("unreachable")
    throw new Problem("No connection.", { kind: "unreachable" })
  }
  // A gateway that finds nobody behind it is no answer either.
  if (response.status !== 503 && response.status !== 502 && response.status !== 504) tell("reachable")
  if (response.ok) return text === "" ? undefined : JSON.parse(text)
  throw problemOf(response, text)
}

function problemOf({ status }, text) {
  let error
  try {
    error = JSON.parse(text).errors[0]
  } catch {
    error = undefined
  }
  const kind = status >= 500 || status === 429 || status === 408 ? "unreachable" : "refused"
  return new Problem(error?.detail ?? `The platform answered ${status}.`, { kind, code: error?.code, status })
}

/** All pages of a list, up to `most` resources. */
export async function all(path, query = {}, most = 1_000) {
  const data = []
  const included = []
  for (let after; data.length < most;) {
    const page = await ask(path, { query: { "page[size]": 200, ...query, "page[after]": after } })
    data.push(...page.data)
    included.push(...(page.included ?? []))
    after = afterIn(page)
    if (after === undefined) return { data, included, isWhole: true }
  }
  return { data, included, isWhole: false }
}

/** The cursor of the next page. */
export function afterIn({ links }) {
  if (typeof links?.next !== "string") return undefined
  return new URLSearchParams(links.next.split("?")[1]).get("page[after]") ?? undefined
}

/** What a resource is related to: an id, or undefined. */
export const related = (resource, name) => resource.relationships?.[name]?.data?.id

export const to = (type, id) => ({ data: { type, id } })
