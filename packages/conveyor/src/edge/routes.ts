// Which service answers a path of a host: the routes of a table, compiled once into trees of segments, so that what a request
// costs does not grow with their number. Called by the edge for every request.
import type { Route } from "./edge.ts"
import { ByHost, plainHost } from "./hosts.ts"

interface Branch {
  /** How many segments lead here. */
  depth: number
  route: Route | undefined
  named: Map<string, Branch>
  /** Behind a "*". */
  any: Branch | undefined
}

export class Routes {
  #ofEveryHost = branch(0)
  /** The exact hosts' trees, and those of names that begin with "*.". */
  #byHost = new ByHost<Branch>()
  #hasForEveryHost = false

  /** Of two routes that are the same, the first counts. */
  constructor(routes: readonly Route[]) {
    const trees = new Map<string, Branch>()
    for (const route of routes) {
      if (route.host === undefined) this.#hasForEveryHost = true
      const end = segmentsOf(route.prefix).reduce(grow, this.#treeOf(route.host, trees))
      end.route ??= route
    }
  }

  /** `authority` is what a request says of its host, with or without a port; undefined where it says nothing. */
  routeFor(path: string, authority?: string): Route | undefined {
    if (!path.startsWith("/")) return undefined
    for (const tree of this.#treesFor(authority)) {
      const route = furthest(tree, path, 1)?.route
      if (route !== undefined) return route
    }
    return undefined
  }

  serviceFor(path: string, authority?: string): string | undefined {
    return this.routeFor(path, authority)?.service
  }

  /** Whether any path of the host has a route. */
  knows(authority: string | undefined): boolean {
    return this.#hasForEveryHost || this.#byHost.isEmpty || this.#treesFor(authority).length > 1
  }

  #treesFor(authority: string | undefined): Branch[] {
    if (authority === undefined || this.#byHost.isEmpty) return [this.#ofEveryHost]
    return [...this.#byHost.all(plainHost(authority)), this.#ofEveryHost]
  }

  #treeOf(host: string | undefined, trees: Map<string, Branch>): Branch {
    if (host === undefined) return this.#ofEveryHost
    const known = trees.get(host)
    if (known !== undefined) return known
    const tree = branch(0)
    trees.set(host, tree)
    this.#byHost.add(host, tree)
    return tree
  }
}

/** As conveyor.yml writes it and people know it. */
export const nameOfRoute = ({ host = "", prefix }: Route): string => `${host}${prefix}`

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
