// A plain HTTP client for the contract: it says what came back, and fails where an answer is not whole.
import { request } from "node:http"
import type { Agent, IncomingHttpHeaders, IncomingMessage } from "node:http"
import { setTimeout as pause } from "node:timers/promises"

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

export interface Ask {
  method?: string
  headers?: Record<string, string>
  body?: string | AsyncIterable<string>
  agent?: Agent
  signal?: AbortSignal
  /** Where the connection comes from: another client for the edge. */
  localAddress?: string
}

/** Rejects where the connection breaks, before or in the answer. */
export async function ask(url: string, options: Ask = {}): Promise<Answer> {
  const answer = await open(url, options)
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: await textOf(answer) }
}

/** Resolves with the head of the answer; its body is the caller's to read. */
export function open(url: string, { method = "GET", headers = {}, body, agent, signal, localAddress }: Ask = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        headers,
        agent: agent ?? false,
        ...(signal === undefined ? {} : { signal }),
        ...(localAddress === undefined ? {} : { localAddress }),
      },
      resolve,
    )
    outgoing.once("error", reject)
    if (body === undefined || typeof body === "string") outgoing.end(body)
    else void pour(body, outgoing).catch(reject)
  })
}

async function pour(body: AsyncIterable<string>, outgoing: ReturnType<typeof request>): Promise<void> {
  for await (const part of body) outgoing.write(part)
  outgoing.end()
}

export async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}

export const delay = (ms: number, signal?: AbortSignal): Promise<void> => pause(ms, undefined, signal === undefined ? {} : { signal })
