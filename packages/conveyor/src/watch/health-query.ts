// "How are you?", asked of one copy over its address: a request that is answered with an expected code, and where that was
// asked for with the release's id in JSON; or a connection that is taken. Called by the release layer for every copy.
import { once } from "node:events"
import { request } from "node:http"
import type { IncomingMessage } from "node:http"
import { connect } from "node:net"
import { z } from "zod"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import type { Facts } from "../kernel/errors/errors.ts"
import { codesInWords } from "../kernel/health-check.ts"
import type { HttpCheck, TcpCheck } from "../kernel/health-check.ts"
import { jsonOf } from "../kernel/json.ts"

export interface HealthQuestion {
  address: { host: string; port: number }
  check: HttpCheck | TcpCheck
  /** The id that a status has to repeat: proof that it comes from the copy that was started, and from no other. */
  release: string
  signal: AbortSignal
}

export type QueryHealth = (question: HealthQuestion) => Promise<Facts>

const longestBody = 64 * 1024
const longestQuote = 500

const answerSchema = z.looseObject({ release: z.string() })

/** @throws ConveyorError "unhealthy" with what was answered instead; the signal's reason. */
export const queryHealth: QueryHealth = async ({ check, ...question }) =>
  check.kind === "tcp" ? askForConnection(question) : askForAnswer({ ...question, check })

async function askForAnswer({ address, check, release, signal }: HealthQuestion & { check: HttpCheck }): Promise<Facts> {
  const url = `http://${address.host}:${address.port}${check.path}`
  const { status, body } = await exchange(url, check, signal)
  const unhealthy = (message: string) =>
    new ConveyorError("unhealthy", `${check.method} ${url}: ${message}`, { facts: { url, status, body: quoted(body) } })

  const isExpected = check.codes.some(({ from, to }) => status >= from && status <= to)
  if (!isExpected) throw unhealthy(`answered ${status} where ${codesInWords(check.codes)} means well: ${quoted(body)}`)
  if (check.body === "none") return { status }
  const answer = answerSchema.safeParse(jsonOf(body))
  if (!answer.success) throw unhealthy(`the answer is not JSON with the release's id: ${quoted(body)}`)
  if (answer.data.release !== release) throw unhealthy(`answered for release "${answer.data.release}" where "${release}" was asked`)
  return answer.data
}

/** What a copy answers is read as far as it matters. */
async function exchange(url: string, check: HttpCheck, signal: AbortSignal): Promise<{ status: number; body: string }> {
  const text = check.method === "POST" ? JSON.stringify({ client: check.client }) : undefined
  const headers = {
    ...(check.host !== undefined && { host: check.host }),
    ...(text !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
  }
  const asked = request(url, { method: check.method, headers, agent: false, signal })
  // What is read no further breaks off, and that is nobody's fault.
  asked.on("error", () => {})
  try {
    asked.end(text)
    const [response] = (await once(asked, "response")) as [IncomingMessage]
    return { status: response.statusCode ?? 0, body: await beginningOf(response) }
  } catch (cause) {
    signal.throwIfAborted()
    throw new ConveyorError("unhealthy", `${check.method} ${url}: ${describe(cause)}`, { facts: { url }, cause })
  } finally {
    asked.destroy()
  }
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= longestBody) break
  }
  return Buffer.concat(chunks).subarray(0, longestBody).toString("utf8")
}

async function askForConnection({ address, signal }: Omit<HealthQuestion, "check">): Promise<Facts> {
  const socket = connect({ ...address, signal })
  try {
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject))
    return {}
  } catch (cause) {
    signal.throwIfAborted()
    throw new ConveyorError("unhealthy", `${address.host}:${address.port}: ${describe(cause)}`, { facts: { address }, cause })
  } finally {
    socket.on("error", () => {}).destroy()
  }
}

const quoted = (body: string) => body.slice(0, longestQuote)
