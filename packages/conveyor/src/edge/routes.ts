// Which service answers a path: the routes of a table, compiled once into a tree of segments, so that what a request
// costs does not grow with their number. Called by the edge for every request.
import type { Route } from "./edge.ts"

interface Branch {
  /** How many segments lead here. */
  depth: number
  service: string | undefined
  named: Map<string, Branch>
  /** Behind a "*". */
  any: Branch | undefined
}

export class Routes {
  #root = branch(0)

  /** Of two routes that are the same, the first counts. */
  constructor(routes: readonly Route[]) {
    for (const { prefix, service } of routes) {
      const end = segmentsOf(prefix).reduce(grow, this.#root)
      end.service ??= service
    }
  }

  /** The service of the route with the most segments that takes `path`, of equals the one that is the first to name a segment. */
  serviceFor(path: string): string | undefined {
    return path.startsWith("/") ? furthest(this.#root, path, 1)?.service : undefined
  }
}

const branch = (depth: number): Branch => ({ depth, service: undefined, named: new Map(), any: undefined })

const segmentsOf = (prefix: string): string[] => (prefix === "/" ? [] : prefix.slice(1).split("/"))

function grow(from: Branch, segment: string): Branch {
  const next = (segment === "*" ? from.any : from.named.get(segment)) ?? branch(from.depth + 1)
  if (segment === "*") from.any = next
  else from.named.set(segment, next)
  return next
}

/** Walks both ways that a segment may lead, which in a tree of routes soon end; the next segment begins at `start`. */
function furthest(from: Branch, path: string, start: number): Branch | undefined {
  const here = from.service === undefined ? undefined : from
  if (start > path.length) return here
  const slash = path.indexOf("/", start)
  const end = slash < 0 ? path.length : slash
  const named = from.named.get(path.slice(start, end))
  const any = end > start ? from.any : undefined
  const byName = named === undefined ? undefined : furthest(named, path, end + 1)
  const byAny = any === undefined ? undefined : furthest(any, path, end + 1)
  return deeper(deeper(byName, byAny), here)
}

function deeper(one: Branch | undefined, other: Branch | undefined): Branch | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.depth > one.depth ? other : one
}
