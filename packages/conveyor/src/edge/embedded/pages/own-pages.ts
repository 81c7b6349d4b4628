// What the edge itself serves under /.conveyor/: the scripts of pages and the notice channels. Called by the proxy.
import type { Clients } from "../client/clients.ts"
import type { ClientRequest } from "../client/client-request.ts"
import type { ClientResponse } from "../client/client-response.ts"
import { answerWith, edgeAnswers } from "../requests/answers.ts"
import type { Identities } from "../requests/identity.ts"
import { BrowserScript } from "./browser-script.ts"
import type { Notices } from "./notices.ts"
import { pagesOf } from "./open-pages.ts"
import type { PageIds } from "./page-ids.ts"

export const ownPrefix = "/.conveyor/"

const scripts = new Map(["client", "notice", "forms", "channel"].map((name) => [`${ownPrefix}${name}.js`, new BrowserScript(name)]))

export interface OwnPagesTools {
  notices: Notices
  identities: Identities
  pageIds: PageIds
  clients: Clients
}

export class OwnPages {
  #tools: OwnPagesTools

  constructor(tools: OwnPagesTools) {
    this.#tools = tools
  }

  serve(request: ClientRequest, response: ClientResponse): void {
    const { pathname, searchParams } = new URL(request.url, "http://edge")
    const script = scripts.get(pathname)
    if (script !== undefined && (request.method === "GET" || request.method === "HEAD")) return script.serve(request, response)
    if (pathname === `${ownPrefix}events` && request.method === "GET") {
      const { notices, identities, pageIds, clients } = this.#tools
      const pages = pagesOf(searchParams, pageIds)
      if (pages === undefined) return answerWith(response, edgeAnswers.badPage)
      const stream = clients.stream(identities.of(request).address)
      if (typeof stream === "string") return answerWith(response, edgeAnswers[stream])
      response.onceClosed(stream)
      return notices.open(response, identities.of(request).address, pages)
    }
    return answerWith(response, edgeAnswers.notOurs)
  }
}
