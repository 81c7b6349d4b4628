// "How are you?", asked of one copy: a POST with the id of a test client, answered with 200 or 201 and the state as
// JSON, the release's id in it. Called by the release step verify and by the keeper.
import { z } from "zod"
import { ConveyorError, describe } from "../kernel/errors.ts"
import type { Facts } from "../kernel/errors.ts"

export interface StatusQuestion {
  address: { host: string; port: number }
  path: string
  /** Id of the test client whose state the answer has to tell. */
  client: string
  /** The id that the answer has to repeat: proof that it comes from the copy that was started, and from no other. */
  release: string
  signal: AbortSignal
}

export type QueryStatus = (question: StatusQuestion) => Promise<Facts>

const answersWithinMs = 5_000
const longestQuote = 500

const answerSchema = z.looseObject({ release: z.string() })

/** @throws ConveyorError "unhealthy" with what was answered instead. */
export const queryStatus: QueryStatus = async ({ address, path, client, release, signal }) => {
  const url = `http://${address.host}:${address.port}${path}`
  const { status, body } = await ask(url, client, signal)
  const unhealthy = (message: string) =>
    new ConveyorError("unhealthy", `POST ${url}: ${message}`, { facts: { url, status, body: body.slice(0, longestQuote) } })

  if (status !== 200 && status !== 201) throw unhealthy(`answered ${status} where 200 or 201 means well: ${body.slice(0, longestQuote)}`)
  const answer = answerSchema.safeParse(parsed(body))
  if (!answer.success) throw unhealthy(`the answer is not JSON with the release's id: ${body.slice(0, longestQuote)}`)
  if (answer.data.release !== release) throw unhealthy(`answered for release "${answer.data.release}" where "${release}" was asked`)
  return answer.data
}

async function ask(url: string, client: string, signal: AbortSignal): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body: JSON.stringify({ client }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(answersWithinMs)]),
    })
    return { status: response.status, body: await response.text() }
  } catch (cause) {
    signal.throwIfAborted()
    const reason = cause instanceof Error && cause.cause !== undefined ? describe(cause.cause) : describe(cause)
    throw new ConveyorError("unhealthy", `POST ${url}: ${reason}`, { facts: { url }, cause })
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
