// Where things stand in a document of YAML. Called by the reader of YAML.
import { isMap, isNode, isPair, isScalar } from "yaml"
import type { Document, ParsedNode } from "yaml"

/** Keys and indexes from the root to the last of `nodes`. */
export function pathOf(nodes: readonly unknown[]): PropertyKey[] {
  return nodes.flatMap((node, i): PropertyKey[] => {
    if (isPair(node)) return isScalar(node.key) ? [String(node.key.value)] : []
    const parent = nodes[i - 1]
    if (typeof parent !== "object" || parent === null || !("items" in parent) || isMap(parent)) return []
    return [(parent.items as unknown[]).indexOf(node)]
  })
}

/** Of the key at the end of the path, or of the item; undefined where there is none. */
export function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number | undefined {
  const last = path.at(-1)
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (isMap<ParsedNode, ParsedNode | null>(parent)) {
    const pair = parent.items.find((item) => isPair(item) && String(item.key) === String(last))
    return pair?.key.range[0]
  }
  const node = document.getIn(path, true)
  return isNode(node) ? node.range?.[0] : undefined
}
