// A server of the small API, right in everything but one planted fault. Called by the tests of the client and of the fuzzer.
import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import { text } from "node:stream/consumers"
import { z } from "zod"
import type { OfferedOperation } from "../src/offered.ts"

export type Fault = "none" | "crashes on half a character" | "forgets data" | "writes before it refuses" | "refuses in plain words"

const mediaType = "application/vnd.api+json"
const vase = z.object({ data: z.object({ id: z.string().optional(), attributes: z.object({ title: z.string().max(200) }) }) })

export const vaseOperations: readonly OfferedOperation[] = [
  {
    method: "GET",
    path: "/v1/vases",
    access: ["owner"],
    query: z.object({ "filter[glaze]": z.string().optional() }),
    answers: { 200: null },
    refuses: [400],
  },
  { method: "POST", path: "/v1/vases", access: ["owner"], body: vase, answers: { 201: null }, refuses: [422] },
  { method: "GET", path: "/v1/vases/{id}", access: ["owner"], answers: { 200: null }, refuses: [404] },
  { method: "POST", path: "/v1/between", access: "peer", answers: { 200: null }, refuses: [] },
]

export interface VaseServer extends AsyncDisposable {
  base: string
  titles: readonly string[]
  requests: readonly { method: string; url: string; headers: IncomingMessage["headers"] }[]
}

export async function startVaseServer(fault: Fault = "none"): Promise<VaseServer> {
  const titles: string[] = []
  const requests: { method: string; url: string; headers: IncomingMessage["headers"] }[] = []

  async function answerTo(request: IncomingMessage): Promise<[number, unknown]> {
    const path = (request.url ?? "").split("?")[0] ?? ""
    if (path === "/api/v1/teapot") return [503, refusal(503, "unavailable", "Its database does not answer.")]
    if (request.method === "GET" && path === "/api/v1/vases") return [200, { data: titles.map(resource), meta: { total: titles.length } }]
    if (request.method === "GET") {
      const title = titles[Number(path.split("/").at(-1))]
      return title === undefined ? [404, refusal(404, "not-found", "There is no such vase.")] : [200, { data: resource(title, 0) }]
    }
    return make(request)
  }

  async function make(request: IncomingMessage): Promise<[number, unknown]> {
    const read = vase.safeParse(parsed(await text(request)))
    if (!read.success && fault === "refuses in plain words") return [422, { message: "no" }]
    if (fault === "writes before it refuses") titles.push("early")
    if (!read.success) return [422, refusal(422, "invalid", "That is no vase.")]
    const { title } = read.data.data.attributes
    if (fault === "crashes on half a character" && !title.isWellFormed()) return [500, refusal(500, "internal", "Failed.")]
    if (fault !== "writes before it refuses") titles.push(title)
    return [201, fault === "forgets data" ? {} : { data: resource(title, titles.length - 1) }]
  }

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [status, body] = await answerTo(request)
    response.writeHead(status, { "content-type": mediaType })
    response.end(JSON.stringify(body))
  }

  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers })
    void reply(request, response)
  })
  await new Promise<void>((listening) => void server.listen(0, "127.0.0.1", listening))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    base: `http://127.0.0.1:${port}/api`,
    titles,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => void server.close(closed))
    },
  }
}

const resource = (title: string, n: number) => ({ type: "vases", id: String(n), attributes: { title } })

const refusal = (status: number, code: string, detail: string) => ({
  errors: [{ id: "e", status: String(status), code, title: code, detail }],
})

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
