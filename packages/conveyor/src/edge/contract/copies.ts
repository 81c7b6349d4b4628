// Real upstream servers for the contract: each says which copy of which version it is, and answers by its path.
import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { WebSocketServer } from "ws"
import { delay, textOf } from "./client.ts"
import type { Target } from "../edge.ts"

export interface TestCopy {
  version: string
  target: Target
  /** "GET /path" of every request that arrived, in order. */
  received: string[]
  /** Requests whose connection the edge closed before their answer was whole. */
  abandoned: string[]
  /** Takes no new connection and cuts the ones that are open. */
  kill(): void
  [Symbol.asyncDispose](): Promise<void>
}

let copies = 0

/** `html` is the page at "/page.html", where a test needs one. */
export async function startCopy(version: string, html = ""): Promise<TestCopy> {
  const name = `${version}-${++copies}`
  const [received, abandoned]: [string[], string[]] = [[], []]
  const server = createServer((request, response) => {
    const label = `${request.method} ${request.url}`
    received.push(label)
    response.once("close", () => {
      if (!response.writableFinished) abandoned.push(label)
    })
    response.setHeader("x-copy", name)
    if (request.url === "/page.html") return response.writeHead(200, { "content-type": "text/html", "cache-control": "no-store" }).end(html)
    return answer(version, request, response).catch(() => response.destroy())
  })
  const sockets = new WebSocketServer({ server, path: "/socket" })
  sockets.on("connection", (socket) => {
    socket.on("error", () => {})
    socket.send(`hello from ${version}`)
    socket.on("message", (text: Buffer) => socket.send(`${version} heard ${text.toString()}`))
    socket.on("close", (code, reason) => received.push(`closed ${code} ${reason.toString()}`))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const kill = () => {
    server.close()
    server.closeAllConnections()
    for (const socket of sockets.clients) socket.terminate()
  }
  return { version, target: { copy: name, host: "127.0.0.1", port }, received, abandoned, kill, [Symbol.asyncDispose]: async () => kill() }
}

async function answer(version: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://copy")
  switch (pathname) {
    case "/fail-at":
      response.writeHead(searchParams.get("version") === version ? 500 : 200).end(`${version} answered`)
      return
    case "/crash":
      request.socket.destroy()
      return
    case "/cut":
      response.writeHead(200, searchParams.has("chunked") ? {} : { "content-length": 1_000 })
      response.write("only the beginning")
      await delay(30)
      response.destroy()
      return
    case "/slow":
      await delay(Number(searchParams.get("ms")), closing(response))
      response.end(`${version} at last`)
      return
    case "/drip":
      for (let i = 0; i < 10; i++) {
        response.write(`${version} ${i};`)
        await delay(Number(searchParams.get("ms")))
      }
      response.end()
      return
    case "/events":
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(`data: hello from ${version}\n\n`)
      return
    case "/big":
      response.writeHead(200)
      await pipeline(Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(1_048_576, 120))), response)
      return
    case "/kept.js":
      response.writeHead(200, { "content-type": "text/javascript", "cache-control": "max-age=60" }).end(`window.codeOf = "${version}"`)
      return
    case "/assets/v1.js":
    case "/assets/v2.js":
      if (pathname === `/assets/${version}.js`)
        response.writeHead(200, { "content-type": "text/javascript" }).end(`window.assetOf = "${version}"`)
      else response.writeHead(404).end("no such file")
      return
    case "/headers":
      response.end(JSON.stringify({ url: request.url, headers: request.headers }))
      return
    default:
      response.setHeader("content-type", "text/plain")
      response.end(`${version} ${request.method} ${request.url} ${await textOf(request)}`)
  }
}

function closing(response: ServerResponse): AbortSignal {
  const closed = new AbortController()
  response.once("close", () => closed.abort())
  return closed.signal
}
