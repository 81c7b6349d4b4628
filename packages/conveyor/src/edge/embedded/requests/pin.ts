// Which version a request asks for. Called by the proxy for every request; pure.
import type { ClientRequest } from "../client/client-request.ts"

export const versionHeader = "x-conveyor-version"
export const versionCookie = "conveyor-version"

export interface Pin {
  /** A document starts a page, and pages start on the current version. */
  kind: "document" | "part"
  /** The version that a part of a page asks for; whether it is routed is for the table to say. */
  wish: string | undefined
  /** The request target without the pinning parameter, and its path alone. */
  url: string
  path: string
}

export function readPin(request: ClientRequest): Pin {
  const { url, value } = takeParameter(request.url)
  const question = url.indexOf("?")
  const path = question < 0 ? url : url.slice(0, question)
  const named = request.header(versionHeader)
  if (isDocument(request, named)) return { kind: "document", wish: undefined, url, path }
  return { kind: "part", wish: named ?? value ?? cookieVersion(request.header("cookie")), url, path }
}

const documentDestinations = new Set(["document", "iframe", "frame"])

function isDocument(request: ClientRequest, named: string | undefined): boolean {
  const destination = request.header("sec-fetch-dest")
  if (destination !== undefined) return documentDestinations.has(destination)
  // A navigation cannot carry the header, so whoever sends it is a script of a page that knows its version.
  return named === undefined && request.method === "GET" && (request.header("accept")?.includes("text/html") ?? false)
}

function takeParameter(target: string): { url: string; value: string | undefined } {
  const question = target.indexOf("?")
  if (question < 0 || !target.includes(versionHeader, question)) return { url: target, value: undefined }
  const isOurs = (pair: string) => pair === versionHeader || pair.startsWith(`${versionHeader}=`)
  const pairs = target.slice(question + 1).split("&")
  const rest = pairs.filter((pair) => !isOurs(pair)).join("&")
  const value = pairs.find(isOurs)?.slice(versionHeader.length + 1)
  return { url: target.slice(0, question) + (rest === "" ? "" : `?${rest}`), value: value === "" ? undefined : value }
}

function cookieVersion(cookies: string | undefined): string | undefined {
  if (cookies === undefined || !cookies.includes(versionCookie)) return undefined
  for (const pair of cookies.split(";")) {
    const [name, value] = pair.trim().split("=", 2)
    if (name === versionCookie) return value
  }
  return undefined
}
