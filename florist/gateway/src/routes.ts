// Which service answers which path: the platform's one table of routes, as conveyor.yml has it for the edge (a test holds the two together, and each service's
// operations against it). A segment "*" stands for any one segment; the route with the most segments wins.

export const routes: Readonly<Record<string, readonly string[]>> = {
  gateway: ["/"],
}

interface Node {
  service?: string
  literal: Map<string, Node>
  any?: Node
}

/** Compiled once; a lookup costs as much as the path has segments. */
export function routeFinder(table: Readonly<Record<string, readonly string[]>>): (path: string) => string | undefined {
  const root: Node = { literal: new Map() }
  for (const [service, patterns] of Object.entries(table)) for (const pattern of patterns) place(root, segmentsOf(pattern), service)
  return (path) => find(root, segmentsOf(path), 0)
}

function place(root: Node, segments: readonly string[], service: string): void {
  let node = root
  for (const segment of segments) {
    const next = segment === "*" ? (node.any ??= { literal: new Map() }) : (node.literal.get(segment) ?? { literal: new Map() })
    if (segment !== "*") node.literal.set(segment, next)
    node = next
  }
  node.service = service
}

/** The deepest route that covers the path; between equals a literal segment goes before "*". */
function find(root: Node, segments: readonly string[], from: number): string | undefined {
  let best: { depth: number; service: string } | undefined
  const walk = (node: Node, depth: number): void => {
    if (node.service !== undefined && (best === undefined || depth > best.depth)) best = { depth, service: node.service }
    const segment = segments[depth]
    if (segment === undefined) return
    const literal = node.literal.get(segment)
    if (literal !== undefined) walk(literal, depth + 1)
    if (node.any !== undefined) walk(node.any, depth + 1)
  }
  walk(root, from)
  return best?.service
}

const segmentsOf = (path: string): string[] => path.split("/").filter((segment) => segment !== "")
