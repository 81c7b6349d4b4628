// The listener that users reach: hands each request to its exchange, each upgrade to its tunnel, and the edge's own
// pages to themselves; protects against slow and malformed clients. Called by the edge process.
import { createServer } from "node:http"
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { describe } from "../../../kernel/errors.ts"
import type { Logger } from "../../../kernel/logger.ts"
import { answerWith, edgeAnswers } from "./answers.ts"
import { Exchange } from "./exchange.ts"
import type { ProxyTools } from "./exchange.ts"
import type { OwnPages } from "../pages/own-pages.ts"
import { ownPrefix } from "../pages/own-pages.ts"
import { carryUpgrade } from "../streams/upgrade.ts"
import { hasBody, objectionTo } from "./objections.ts"

export function createProxy(tools: ProxyTools, ownPages: OwnPages, log: Logger): Server {
  const { settings } = tools
  const server = createServer({
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: settings.clientIdleMs,
    maxHeaderSize: settings.maxHeaderBytes,
    connectionsCheckingInterval: Math.min(5_000, settings.headersTimeoutMs),
    noDelay: true,
    // An upgrade has no body; with one it is carried as the plain request that it also is.
    shouldUpgradeCallback: (request) =>
      request.headers.upgrade?.toLowerCase() === "websocket" && request.method === "GET" && !hasBody(request),
  })
  server.maxConnections = settings.maxConnections

  const carry = (request: IncomingMessage, response: ServerResponse) => {
    const objection = objectionTo(request)
    if (objection !== undefined) return answerWith(response, edgeAnswers[objection], { connection: "close" })
    if (request.url?.startsWith(ownPrefix)) return ownPages.serve(request, response)
    new Exchange(request, response, tools).carry().catch((thrown: unknown) => {
      log.error({ path: request.url, cause: describe(thrown) }, "a request could not be handled")
      answerWith(response, edgeAnswers.failed, { connection: "close" })
    })
  }
  server.on("request", carry)
  // The copy decides whether it wants the body; its "100 Continue" is passed on.
  server.on("checkContinue", carry)
  server.on("connect", (_request, socket: Duplex) => socket.end(refusal("405 Method Not Allowed")))
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (objectionTo(request) !== undefined) {
      socket.end(refusal("400 Bad Request"))
      return
    }
    carryUpgrade(request, socket, head, tools).catch((thrown: unknown) => {
      log.error({ path: request.url, cause: describe(thrown) }, "an upgrade could not be handled")
      socket.destroy()
    })
  })
  server.on("clientError", refuseMalformed)
  return server
}

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
}

function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy()
    return
  }
  socket.end(refusal(refusals[error.code ?? ""] ?? "400 Bad Request"))
}

const refusal = (status: string) => `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
