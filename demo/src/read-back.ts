// Reads payments through the service itself, as its clients would: what one version wrote, asked of another.
import { once } from "node:events"
import { Agent, request } from "node:http"
import type { IncomingMessage } from "node:http"
import type { RecordedWrite } from "./witness.ts"

export interface ReadBackOptions {
  edge: string
  /** Each key is "<shop>/<payment's id>/<order's id>/...". */
  writes: readonly RecordedWrite[]
  /** Access tokens by the shop's number. */
  sessions: readonly string[]
  /** The version that has to answer. */
  version: string
  signal: AbortSignal
  onProgress: (read: number) => void
}

const readersAtOnce = 4

/** How many of the payments the version gave back whole, with a method that it knows. */
export async function readThroughService({ edge, writes, sessions, version, signal, onProgress }: ReadBackOptions): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: readersAtOnce })
  const left = writes.values()
  let [read, seen] = [0, 0]
  const reader = async () => {
    for (const { key } of left) {
      signal.throwIfAborted()
      const [shop = "", id = "", order = ""] = key.split("/")
      const answer = await get(new URL(`/api/v1/payments?filter[order]=${order}`, edge), sessions[Number(shop)] ?? "", agent)
      if (answer.status === 200 && answer.version === version && isWhole(answer.body, id)) seen += 1
      if (++read % 100 === 0) onProgress(read)
    }
  }
  try {
    await Promise.all(Array.from({ length: readersAtOnce }, reader))
  } finally {
    agent.destroy()
  }
  return seen
}

interface Listed {
  data?: { id: string; attributes?: { amount?: number }; relationships?: { method?: { data?: { id?: string } | null } } }[]
}

function isWhole(body: string, id: string): boolean {
  const payment = (JSON.parse(body) as Listed).data?.find((each) => each.id === id)
  return (payment?.attributes?.amount ?? 0) > 0 && payment?.relationships?.method?.data?.id !== undefined
}

async function get(url: URL, session: string, agent: Agent): Promise<{ status: number; version: string; body: string }> {
  const outgoing = request(url, { agent, headers: { authorization: `Bearer ${session}` } })
  outgoing.end()
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return {
    status: answer.statusCode ?? 0,
    version: String(answer.headers["x-conveyor-version"] ?? ""),
    body: Buffer.concat(chunks).toString("utf8"),
  }
}
