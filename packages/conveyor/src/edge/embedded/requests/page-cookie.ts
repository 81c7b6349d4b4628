// The cookie for what no script can pin: the version of the browser's newest page, and of each of its last pages by the mark of
// its URL, so that two tabs do not share a pin where the browser says which page asks (Referer). Pure; read by the pin,
// written with each document's answer.

const name = "conveyor-version"
const pagesKept = 6
const value = new RegExp(`(?:^|;\\s*)${name}=([\\w.~-]{1,600})`)
const versionPattern = /^[\w.-]{1,64}$/

export interface PageCookie {
  newest: string
  /** Version by mark, the newest first. */
  pages: [mark: string, version: string][]
}

export function readPageCookie(cookies: string | undefined): PageCookie | undefined {
  if (cookies === undefined || !cookies.includes(name)) return undefined
  const [newest, ...rest] = value.exec(cookies)?.[1]?.split("~") ?? []
  if (newest === undefined || !versionPattern.test(newest)) return undefined
  const pages: [string, string][] = []
  for (let i = 0; i + 1 < rest.length && pages.length < pagesKept; i += 2) pages.push([rest[i] ?? "", rest[i + 1] ?? ""])
  return { newest, pages }
}

/** The version of the page that asks, by its URL as the browser says it; of the newest page where it does not. */
export function versionOfPage(cookie: PageCookie, referer: string | undefined): string {
  const url = referer === undefined ? undefined : pathOf(referer)
  if (url === undefined) return cookie.newest
  const mark = markOf(url)
  return cookie.pages.find(([page]) => page === mark)?.[1] ?? cookie.newest
}

/** The cookie's line after a page at `url` (path and query) has started at `version`. */
export function pageCookieField(before: PageCookie | undefined, url: string, version: string): string {
  const mark = markOf(url)
  const others = before?.pages.filter(([page]) => page !== mark) ?? []
  const pages: [string, string][] = [[mark, version], ...others.slice(0, pagesKept - 1)]
  return `Set-Cookie: ${name}=${[version, ...pages.flat()].join("~")}; Path=/; SameSite=Lax\r\n`
}

function pathOf(referer: string): string | undefined {
  const [, path] = /^https?:\/\/[^/]*(\/[^#]*)$/.exec(referer) ?? []
  return path
}

/** Short, the same for the same URL, and for others hardly ever (FNV-1a). */
function markOf(url: string): string {
  let hash = 0x81_1c_9d_c5
  for (let i = 0; i < url.length; i++) hash = Math.imul(hash ^ url.charCodeAt(i), 0x01_00_01_93)
  return (hash >>> 0).toString(36)
}
