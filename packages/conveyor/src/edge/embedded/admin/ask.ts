// One question over the admin API of an embedded edge, bounded. Called by the adapter.
import { request } from "node:http"
import { knownCode } from "../../../kernel/errors/error-catalogue.ts"
import { ConveyorError, describe } from "../../../kernel/errors/errors.ts"
import { assertSameProtocol, edgeProtocol, protocolHeader, refusal } from "./protocol.ts"
import { jsonOf } from "../../../kernel/json.ts"

export interface AdminAddress {
  adminUrl: string
  token: string
  /** How long one question may take. */
  timeoutMs?: number
}

export interface Question {
  method: "GET" | "PUT" | "POST"
  path: string
  body?: string
}

/** @throws ConveyorError "edge-unreachable", "edge-protocol", or what the edge refused the question with. */
export async function ask({ adminUrl, token, timeoutMs = 5_000 }: AdminAddress, question: Question, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted()
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const { status, protocol, text } = await exchange(new URL(question.path, adminUrl), token, question, bounded).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw new ConveyorError(
      "edge-unreachable",
      `The edge at ${adminUrl} did not answer: ${bounded.aborted ? `nothing within ${timeoutMs} ms` : describe(cause)}`,
      {
        facts: { adminUrl, action: `${question.method} ${question.path}` },
        hint: "Look whether the edge runs, and into its log; traffic goes on by the table it has.",
        cause,
      },
    )
  })
  assertSameProtocol(protocol, "edge")
  const answer: unknown = jsonOf(text)
  if (status === 200) return answer
  const { code, message, facts, hint } = refusal
    .catch({ code: "edge-failed", message: `The edge answered ${status}: ${text.slice(0, 200)}`, facts: {} })
    .parse(answer)
  throw new ConveyorError(knownCode(code), message, hint === undefined ? { facts } : { facts, hint })
}

interface Answer {
  status: number
  protocol: string | undefined
  text: string
}

// One connection per question: a kept one could be stale after the edge's restart.
function exchange(url: URL, token: string, { method, body }: Question, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      [protocolHeader]: String(edgeProtocol),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    }
    const outgoing = request(url, { method, headers, agent: false, signal }, (answer) => {
      const chunks: Buffer[] = []
      const said = answer.headers[protocolHeader]
      const protocol = typeof said === "string" ? said : undefined
      answer.on("data", (chunk: Buffer) => chunks.push(chunk))
      answer.once("error", reject)
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, protocol, text: Buffer.concat(chunks).toString("utf8") }))
    })
    outgoing.once("error", reject)
    outgoing.end(body)
  })
}
