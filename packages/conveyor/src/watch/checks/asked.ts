// One question over HTTP, with everything about the answer bounded: time by the signal, size here, redirects by the caller's
// choice. Called by the checks that ask HTTP.
import { describe } from "../../kernel/errors/errors.ts"

export interface Question {
  url: string
  method: string
  headers: Readonly<Record<string, string>>
  body?: string | undefined
}

export interface Answered {
  status: number
  headers: Headers
  /** At most `mostBytes`; longer ones are cut, and `isWhole` says so. */
  body: string
  isWhole: boolean
}

const mostBytes = 1_000_000

/** A redirect is an answer, and is not followed: a check reaches what it names, and nothing that an answer names. @throws what fetch throws */
export async function ask({ url, method, headers, body }: Question, signal: AbortSignal): Promise<Answered> {
  const { target, authorization } = withoutUser(url)
  const response = await fetch(target, {
    method,
    headers: { "user-agent": "conveyor-watch", connection: "close", ...authorization, ...headers },
    ...(body === undefined ? {} : { body }),
    redirect: "manual",
    signal,
  })
  return { status: response.status, headers: response.headers, ...(await bounded(response)) }
}

/** A user in a URL is basic authentication, and in no message. */
function withoutUser(url: string): { target: URL; authorization: Record<string, string> } {
  const target = new URL(url)
  const { username, password } = target
  target.username = target.password = ""
  if (username === "") return { target, authorization: {} }
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { target, authorization: { authorization: `Basic ${Buffer.from(user).toString("base64")}` } }
}

async function bounded(response: Response): Promise<{ body: string; isWhole: boolean }> {
  const parts: Uint8Array[] = []
  let bytes = 0
  // Given up from here, the body is cancelled: whoever sends without end is not listened to.
  for await (const part of response.body ?? []) {
    parts.push(part)
    bytes += part.length
    if (bytes >= mostBytes) return { body: Buffer.concat(parts).subarray(0, mostBytes).toString(), isWhole: false }
  }
  return { body: Buffer.concat(parts).toString(), isWhole: true }
}

/** Why there was no answer, in words. */
export function whyNoAnswer(thrown: unknown): string {
  if (thrown instanceof Error && thrown.name === "TimeoutError") return "no answer in time"
  if (thrown instanceof Error && thrown.cause !== undefined) return describe(thrown.cause)
  return describe(thrown)
}
