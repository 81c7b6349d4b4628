// Which version a request asks for. Called by the proxy for every request; pure.
import { readPageCookie, versionOfPage } from "./page-cookie.ts"

export const versionHeader = "x-conveyor-version"

export interface Pin {
  /** A document starts a page. Only GET and HEAD start one on the current version: a form goes to the version of its page. */
  kind: "document" | "part"
  /** The version that the page asks for; whether it is routed is for the table to say. */
  wish: string | undefined
  /** How the version is known: a script has named it in a header or in the URL, or only the cookie says it. */
  by: "header" | "url" | "cookie" | "nothing"
  /** Whether a browser has sent it, by its own word. */
  isOfBrowser: boolean
  /** The request target without the pinning parameter, and its path alone. */
  url: string
  path: string
}

export interface PinnedRequest {
  method: string
  url: string
  header(name: string): string | undefined
}

export function readPin(request: PinnedRequest): Pin {
  const { url, value } = takeParameter(request.url)
  const question = url.indexOf("?")
  const path = question < 0 ? url : url.slice(0, question)
  const named = request.header(versionHeader)
  const destination = request.header("sec-fetch-dest")
  const where = { isOfBrowser: destination !== undefined, url, path }
  const kind = isDocument(request, named, destination) ? "document" : "part"
  if (kind === "document" && (request.method === "GET" || request.method === "HEAD")) {
    return { kind, wish: undefined, by: "nothing", ...where }
  }
  if (named !== undefined) return { kind, wish: named, by: "header", ...where }
  if (value !== undefined) return { kind, wish: value, by: "url", ...where }
  const cookie = readPageCookie(request.header("cookie"))
  if (cookie === undefined) return { kind, wish: undefined, by: "nothing", ...where }
  return { kind, wish: versionOfPage(cookie, unpinned(request.header("referer"))), by: "cookie", ...where }
}

const documentDestinations = new Set(["document", "iframe", "frame", "embed", "object"])

function isDocument(request: PinnedRequest, named: string | undefined, destination: string | undefined): boolean {
  if (destination !== undefined) return documentDestinations.has(destination)
  // A navigation cannot carry the header, so whoever sends it is a script of a page that knows its version.
  return named === undefined && (request.header("accept")?.includes("text/html") ?? false)
}

const unpinned = (url: string | undefined) => (url === undefined ? undefined : takeParameter(url).url)

function takeParameter(target: string): { url: string; value: string | undefined } {
  const question = target.indexOf("?")
  if (question < 0 || !target.includes(versionHeader, question)) return { url: target, value: undefined }
  const isOurs = (pair: string) => pair === versionHeader || pair.startsWith(`${versionHeader}=`)
  const pairs = target.slice(question + 1).split("&")
  const rest = pairs.filter((pair) => !isOurs(pair)).join("&")
  const value = pairs.find(isOurs)?.slice(versionHeader.length + 1)
  return { url: target.slice(0, question) + (rest === "" ? "" : `?${rest}`), value: value === "" ? undefined : value }
}
