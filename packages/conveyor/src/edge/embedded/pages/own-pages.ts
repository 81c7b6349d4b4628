// What the edge itself serves under /.conveyor/: the page script and the notice channels. Called by the proxy.
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import type { ClientRequest } from "../client/client-request.ts"
import type { ClientResponse } from "../client/client-response.ts"
import { answerWith, edgeAnswers } from "../requests/answers.ts"
import type { Notices } from "./notices.ts"

export const ownPrefix = "/.conveyor/"

export class OwnPages {
  #notices: Notices
  #script = readFileSync(new URL("./client.browser.js", import.meta.url))
  #etag = `"${createHash("sha256").update(this.#script).digest("base64url").slice(0, 22)}"`

  constructor(notices: Notices) {
    this.#notices = notices
  }

  serve(request: ClientRequest, response: ClientResponse): void {
    const { pathname, searchParams } = new URL(request.url, "http://edge")
    const isRead = request.method === "GET" || request.method === "HEAD"
    if (pathname === "/.conveyor/client.js" && isRead) return this.#serveScript(request, response)
    if (pathname === "/.conveyor/events" && request.method === "GET") {
      const [version, page] = [searchParams.get("version") ?? "", searchParams.get("page") ?? ""]
      if (!/^[A-Za-z0-9._-]{1,64}$/.test(version) || !/^[A-Za-z0-9-]{8,64}$/.test(page)) return answerWith(response, edgeAnswers.badPage)
      return this.#notices.open(response, version, page)
    }
    return answerWith(response, edgeAnswers.notOurs)
  }

  #serveScript(request: ClientRequest, response: ClientResponse): void {
    const fields = `Content-Type: text/javascript; charset=utf-8\r\nCache-Control: no-cache\r\nETag: ${this.#etag}\r\n`
    if (request.header("if-none-match") === this.#etag) {
      response.begin({ status: 304, statusText: "Not Modified", fields, length: undefined, connection: "kept" })
      return response.end([])
    }
    response.whole({ status: 200, statusText: "OK", fields, connection: "kept" }, this.#script)
  }
}
