// A notice channel's pages, read from its address; and how many pages of each version are open. Only pages that the edge has
// served count, and only so many of one client: nobody holds a version back with pages that are none. Called by the notices.
import type { PageIds } from "./page-ids.ts"

export interface OpenPage {
  version: string
  id: string
  /** Whether this edge has served it. */
  isServed: boolean
  /** The same page before it was reloaded. */
  was: { version: string; id: string } | undefined
}

const pagesPerChannel = 64
const pagesPerClient = 64
const pagePattern = /^([\w.-]{1,64})~([\w-]{8,64})$/

/** Parameters "page", each with a version and an id, and "was" for the page that each one was before. Undefined where none is one. */
export function pagesOf(query: URLSearchParams, ids: PageIds): OpenPage[] | undefined {
  const [pages, earlier] = [query.getAll("page").map(read), query.getAll("was").map(read)]
  if (pages.length === 0 || pages.length > pagesPerChannel || pages.includes(undefined)) return undefined
  return pages.flatMap((page, i) => {
    const was = earlier[i]
    const isKnown = was !== undefined && ids.isIssued(was.id, was.version)
    return page === undefined ? [] : { ...page, isServed: ids.isIssued(page.id, page.version), was: isKnown ? was : undefined }
  })
}

function read(text: string): { version: string; id: string } | undefined {
  const [, version, id] = pagePattern.exec(text) ?? []
  return version === undefined || id === undefined ? undefined : { version, id }
}

/** By version: each page once, and of each client no more than it may hold. */
export function countPages(channels: Iterable<{ client: string; pages: readonly OpenPage[] }>): Map<string, number> {
  const byVersion = new Map<string, Map<string, Set<string>>>()
  for (const { client, pages } of channels) {
    for (const { version, id, isServed } of pages) {
      if (!isServed) continue
      const clients = byVersion.get(version) ?? new Map<string, Set<string>>()
      const known = clients.get(client) ?? new Set<string>()
      byVersion.set(version, clients.set(client, known.add(id)))
    }
  }
  const held = (clients: Map<string, Set<string>>) =>
    [...clients.values()].reduce((sum, { size }) => sum + Math.min(size, pagesPerClient), 0)
  return new Map([...byVersion].map(([version, clients]) => [version, held(clients)]))
}
