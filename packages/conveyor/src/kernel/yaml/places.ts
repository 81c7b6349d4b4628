// Where things stand in a document of YAML, also what is there by an alias or a merge. Called by the reader of YAML.
import { isAlias, isMap, isNode, isPair, isScalar, isSeq } from "yaml"
import type { Document, Pair } from "yaml"

/** Keys and indexes from the root to the last of `nodes`. */
export function pathOf(nodes: readonly unknown[]): PropertyKey[] {
  return nodes.flatMap((node, i): PropertyKey[] => {
    if (isPair(node)) return isScalar(node.key) ? [String(node.key.value)] : []
    const parent = nodes[i - 1]
    if (typeof parent !== "object" || parent === null || !("items" in parent) || isMap(parent)) return []
    return [(parent.items as unknown[]).indexOf(node)]
  })
}

interface Standing {
  /** The value, behind every alias. */
  node: unknown
  /** Of the key, or of the item; undefined for what the parser made itself. */
  offset: number | undefined
}

/** What stands at the end of the path; undefined where there is nothing. */
export function standingAt(document: Document.Parsed, path: readonly PropertyKey[]): Standing | undefined {
  let at: Standing | undefined = { node: resolved(document, document.contents), offset: 0 }
  for (const part of path) at = at === undefined ? undefined : inside(document, at.node, part, new Set())
  return at
}

/** Merges may go round in a circle: nobody is asked twice. */
function inside(document: Document.Parsed, node: unknown, key: PropertyKey, asked: Set<unknown>): Standing | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(key)]
    return item === undefined ? undefined : { node: resolved(document, item), offset: startOf(item) }
  }
  if (!isMap(node) || asked.has(node)) return undefined
  asked.add(node)
  const own = node.items.find((pair) => nameOf(pair) === String(key))
  if (own !== undefined) return { node: resolved(document, own.value), offset: startOf(own.key) }
  for (const source of node.items.filter(isMerge).flatMap(({ value }) => sourcesOf(document, value))) {
    const merged = inside(document, source, key, asked)
    if (merged !== undefined) return merged
  }
  return undefined
}

/** As JavaScript has it: a key that is empty or null is "". */
const nameOf = ({ key }: Pair) => (isScalar(key) && key.value === null ? "" : String(key))
const isMerge = ({ key }: Pair) => isScalar(key) && (typeof key.value === "symbol" || key.value === "<<")
const startOf = (node: unknown) => (isNode(node) ? node.range?.[0] : undefined)
const resolved = (document: Document.Parsed, node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node)

function sourcesOf(document: Document.Parsed, value: unknown): unknown[] {
  const source = resolved(document, value)
  return isSeq(source) ? source.items.map((item) => resolved(document, item)) : [source]
}
