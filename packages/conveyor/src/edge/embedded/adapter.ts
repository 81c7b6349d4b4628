// The port, spoken to an embedded edge over its admin API. Called by the release steps; holds no state of its own.
import { request } from "node:http"
import { z } from "zod"
import { ConveyorError, describe } from "../../kernel/errors.ts"
import type { Edge, EdgeObservation } from "../edge.ts"
import { parseRoutingTable } from "../table.ts"

export interface EmbeddedEdgeOptions {
  adminUrl: string
  token: string
  /** How long one question to the edge may take. */
  timeoutMs?: number
}

const count = z.number()
const load = z.object({
  inFlight: count,
  pages: count,
  pagesTold: count,
  pagesReloaded: count,
  counters: z.object({ requests: count, serverErrors: count, unreachable: count, rescued: count, latency: z.array(count) }),
})
const observation = z.object({
  table: z.unknown().optional(),
  versions: z.record(z.string(), load),
})
const refusal = z.object({
  code: z.string(),
  message: z.string(),
  facts: z.record(z.string(), z.unknown()).default({}),
  hint: z.string().exactOptional(),
})

export function createEmbeddedEdge(options: EmbeddedEdgeOptions): Edge {
  return {
    async apply(table, signal) {
      await ask(options, { method: "PUT", path: "/v1/table", body: JSON.stringify(table) }, signal)
    },
    async observe(signal): Promise<EdgeObservation> {
      const { table, versions } = observation.parse(await ask(options, { method: "GET", path: "/v1/observation" }, signal))
      return { table: table === undefined ? undefined : parseRoutingTable(table), versions }
    },
  }
}

interface Question {
  method: "GET" | "PUT"
  path: string
  body?: string
}

async function ask({ adminUrl, token, timeoutMs = 5_000 }: EmbeddedEdgeOptions, question: Question, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted()
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const { status, text } = await exchange(new URL(question.path, adminUrl), token, question, bounded).catch((cause: unknown) => {
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
  const answer: unknown = parseJson(text)
  if (status === 200) return answer
  const { code, message, facts, hint } = refusal
    .catch({ code: "edge-failed", message: `The edge answered ${status}: ${text.slice(0, 200)}`, facts: {} })
    .parse(answer)
  throw new ConveyorError(code, message, hint === undefined ? { facts } : { facts, hint })
}

// One connection per question: a kept one could be stale after the edge's restart.
function exchange(url: URL, token: string, { method, body }: Question, signal: AbortSignal): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) }
    const outgoing = request(url, { method, headers, agent: false, signal }, (answer) => {
      const chunks: Buffer[] = []
      answer.on("data", (chunk: Buffer) => chunks.push(chunk))
      answer.once("error", reject)
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }))
    })
    outgoing.once("error", reject)
    outgoing.end(body)
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
