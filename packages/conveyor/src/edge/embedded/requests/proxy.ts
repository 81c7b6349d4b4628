// What users reach: each request goes to its exchange, each upgrade to its tunnel, and the edge's own pages to themselves.
// Called by the edge process.
import { STATUS_CODES } from "node:http"
import type { AddressInfo } from "node:net"
import { describe } from "../../../kernel/errors/errors.ts"
import type { Logger } from "../../../kernel/logger.ts"
import type { ConnectionTools } from "../client/client-connection.ts"
import type { ClientListener } from "../client/listener.ts"
import type { ClientRequest } from "../client/client-request.ts"
import type { ClientResponse } from "../client/client-response.ts"
import { httpDate } from "../client/http-date.ts"
import { Front } from "../client/front.ts"
import type { OwnPages } from "../pages/own-pages.ts"
import { ownPrefix } from "../pages/own-pages.ts"
import { carryUpgrade } from "../streams/upgrade.ts"
import type { TlsParts } from "../tls/tls-end.ts"
import { ToHttps } from "../tls/to-https.ts"
import type { Redirection } from "../tls/to-https.ts"
import { answerWith, edgeAnswers } from "./answers.ts"
import { Exchange } from "./exchange.ts"
import type { ProxyTools } from "./exchange.ts"

const methodsOfTheEdge = "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"

export function createProxy(tools: ProxyTools, ownPages: OwnPages, tls: TlsParts | undefined, log: Logger): Front {
  const { settings, stopping, deadlines, now, clients, identities } = tools
  const toHttps = tls?.settings.redirect === "to-https" ? new ToHttps(tls.certificates, identities, () => portOf(front.secure)) : undefined

  const carry = (request: ClientRequest, response: ClientResponse) => {
    const elsewhere = toHttps?.for(request)
    if (elsewhere !== undefined) {
      request.body.discardRest()
      return response.whole({ ...headOf(elsewhere), connection: "kept" }, Buffer.alloc(0))
    }
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

  const hstsSeconds = tls?.settings.hstsSeconds ?? 0
  const connectionTools: ConnectionTools = {
    settings,
    clients,
    stopping,
    now,
    keptFields: `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.max(1, Math.floor(settings.clientIdleMs / 1_000))}\r\n`,
    securityField: hstsSeconds === 0 ? "" : `Strict-Transport-Security: max-age=${hstsSeconds}\r\n`,
    carry,
    carryUpgrade: (request, upgrading) => {
      const elsewhere = toHttps?.for(request)
      if (elsewhere !== undefined) {
        upgrading.answerPlainly(headOf(elsewhere))
        upgrading.stream.end()
        return
      }
      carryUpgrade(request, upgrading, tools).catch((thrown: unknown) => {
        log.error({ path: request.url, cause: describe(thrown) }, "an upgrade could not be handled")
        upgrading.stream.destroy()
      })
    },
    deadlineOf: (version) => deadlines.of(version),
    cuts: tools.cuts,
  }
  const front = new Front(connectionTools, tls)
  return front
}

const portOf = (listener: ClientListener | undefined) => (listener?.address() as AddressInfo | null)?.port ?? 443

const headOf = ({ status, location }: Redirection) => ({
  status,
  statusText: STATUS_CODES[status] ?? "",
  fields: `Location: ${location}\r\nDate: ${httpDate(Date.now())}\r\n`,
})
