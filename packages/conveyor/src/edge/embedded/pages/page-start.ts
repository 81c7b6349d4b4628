// What a document's answer tells the page that starts with it: its version and its id, for its script, and a cookie for what no
// script can pin. Called by the exchange.
import { pageCookieField, readPageCookie } from "../requests/page-cookie.ts"
import type { Pin, PinnedRequest } from "../requests/pin.ts"
import type { PageIds } from "./page-ids.ts"

/**
 * Lines with their line breaks. The cookie is shared by all tabs; the entries of Server-Timing belong to the one document,
 * and its script can read them. A page that was posted for cannot be reloaded without posting again.
 */
export function pageFieldsFor(request: PinnedRequest, pin: Pin, version: string, ids: PageIds): string {
  if (pin.kind !== "document") return ""
  const start = request.method === "GET" || request.method === "HEAD" ? "" : ", conveyor-posted"
  const timing = `Server-Timing: conveyor;desc="${version}", conveyor-page;desc="${ids.issue(version)}"${start}\r\n`
  return pageCookieField(readPageCookie(request.header("cookie")), pin.url, version) + timing
}
