// Which service answers a path: the routes of a table, compiled once into a tree of segments, so that what a request
// costs does not grow with their number. Called by the edge for every request.
import type { Route } from "./edge.ts"

interface Branch {
  /** How many segments lead here. */
  depth: number
  route: Route | undefined
  named: Map<string, Branch>
  /** Behind a "*". */
  any: Branch | undefined
}

export class Routes {
  #root = branch(0)

  /** Of two routes that are the same, the first counts. */
  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const end = segmentsOf(route.prefix).reduce(grow, this.#root)
      end.route ??= route
    }
  }

  /** The route with the most segments that takes `path`, of equals the one that is the first to name a segment. */
  routeFor(path: string): Route | undefined {
    return path.startsWith("/") ? furthest(this.#root, path, 1)?.route : undefined
  }

  serviceFor(path: string): string | undefined {
    return this.routeFor(path)?.service
  }
}

const branch = (depth: number): Branch => ({ depth, route: undefined, named: new Map(), any: undefined })

const segmentsOf = (prefix: string): string[] => (prefix === "/" ? [] : prefix.slice(1).split("/"))

function grow(from: Branch, segment: string): Branch {
  const next = (segment === "*" ? from.any : from.named.get(segment)) ?? branch(from.depth + 1)
  if (segment === "*") from.any = next
  else from.named.set(segment, next)
  return next
}

/** Walks both ways that a segment may lead, which in a tree of routes soon end; the next segment begins at `start`. */
function furthest(from: Branch, path: string, start: number): Branch | undefined {
  const here = from.route === undefined ? undefined : from
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
