// What users reach: each request goes to its exchange, each upgrade to its tunnel, and the edge's own pages to themselves.
// Called by the edge process.
import { describe } from "../../../kernel/errors.ts"
import type { Logger } from "../../../kernel/logger.ts"
import type { ClientRequest } from "../client/client-request.ts"
import type { ClientResponse } from "../client/client-response.ts"
import { ClientListener } from "../client/listener.ts"
import type { OwnPages } from "../pages/own-pages.ts"
import { ownPrefix } from "../pages/own-pages.ts"
import { carryUpgrade } from "../streams/upgrade.ts"
import { answerWith, edgeAnswers } from "./answers.ts"
import { Exchange } from "./exchange.ts"
import type { ProxyTools } from "./exchange.ts"

const methodsOfTheEdge = "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"

export function createProxy(tools: ProxyTools, ownPages: OwnPages, log: Logger): ClientListener {
  const { settings, stopping, deadlines, now, clients } = tools

  const carry = (request: ClientRequest, response: ClientResponse) => {
    if (request.url.startsWith(ownPrefix)) {
      request.body.discardRest()
      return ownPages.serve(request, response)
    }
    if (request.url === "*") {
      request.body.discardRest()
      return response.whole({ status: 200, statusText: "OK", fields: methodsOfTheEdge, connection: "kept" }, Buffer.alloc(0))
    }
    new Exchange(request, response, tools).carry().catch((thrown: unknown) => {
      log.error({ path: request.url, cause: describe(thrown) }, "a request could not be handled")
      answerWith(response, edgeAnswers.failed, "", "closed")
    })
  }

  return new ClientListener({
    settings,
    clients,
    stopping,
    now,
    keptFields: `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.max(1, Math.floor(settings.clientIdleMs / 1_000))}\r\n`,
    carry,
    carryUpgrade: (request, socket, head) => {
      carryUpgrade(request, socket, head, tools).catch((thrown: unknown) => {
        log.error({ path: request.url, cause: describe(thrown) }, "an upgrade could not be handled")
        socket.destroy()
      })
    },
    deadlineOf: (version) => deadlines.of(version),
    cuts: tools.cuts,
  })
}
