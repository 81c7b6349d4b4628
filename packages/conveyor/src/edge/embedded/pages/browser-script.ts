// One script for browsers, as it is sent: without comments and indentation, compressed where the browser takes it. Made and
// served by the edge's own pages.
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import type { ClientRequest } from "../client/client-request.ts"
import type { ClientResponse } from "../client/client-response.ts"

export class BrowserScript {
  readonly plain: Buffer
  readonly gzipped: Buffer
  #etag: string

  /** Of the file `<name>.browser.js` beside this one. */
  constructor(name: string) {
    this.plain = Buffer.from(stripped(readFileSync(new URL(`./${name}.browser.js`, import.meta.url), "utf8")))
    this.gzipped = gzipSync(this.plain, { level: 9 })
    this.#etag = `"${createHash("sha256").update(this.plain).digest("base64url").slice(0, 22)}"`
  }

  serve(request: ClientRequest, response: ClientResponse): void {
    const fields = `Content-Type: text/javascript; charset=utf-8\r\nCache-Control: no-cache\r\nVary: Accept-Encoding\r\nETag: ${this.#etag}\r\n`
    if (request.header("if-none-match") === this.#etag) {
      response.begin({ status: 304, statusText: "Not Modified", fields, length: undefined, connection: "kept" })
      return response.end([])
    }
    const takesGzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\s|,|$))/i.test(request.header("accept-encoding") ?? "")
    const [body, coding] = takesGzip ? [this.gzipped, "Content-Encoding: gzip\r\n"] : [this.plain, ""]
    response.whole({ status: 200, statusText: "OK", fields: fields + coding, connection: "kept" }, body)
  }
}

/** Whole lines of comment and what lines begin with go; nothing within a line is touched. */
function stripped(source: string): string {
  return source.replaceAll(/^\s*(?:\/\/.*)?\n|^[ \t]+|^\/\*\*.*\n/gm, "")
}
