// References inside a document (`{"$ref": "#/paths/~1v1~1orders/post"}`), put in place of where they are used.
// The published document points into its own operations, and some pointers lead through places that are references themselves:
// those are followed; they, and pointers that lead nowhere, are listed. Called by `publication`.
import { isObject } from "./json.ts"
import type { Json, JsonObject } from "./json.ts"

export interface OddReference {
  reference: string
  /** "indirect": leads through another reference, was followed. "missing": leads nowhere. "endless": contains itself. The last two became {}. */
  fault: "indirect" | "missing" | "endless"
}

export interface Resolved {
  document: Json
  odd: readonly OddReference[]
}

/** Examples are data, not description: what stands in them is never a reference. */
const data = new Set(["example", "examples", "default", "enum"])

export function resolveReferences(document: Json): Resolved {
  const odd = new Map<string, OddReference>()
  const note = (reference: string, fault: OddReference["fault"]): void => {
    odd.set(`${fault} ${reference}`, { reference, fault })
  }

  function resolve(node: Json, within: readonly string[]): Json {
    if (Array.isArray(node)) return node.map((part) => resolve(part, within))
    if (!isObject(node)) return node
    const reference = referenceOf(node)
    if (reference === undefined) {
      return Object.fromEntries(Object.entries(node).map(([name, part]) => [name, data.has(name) ? part : resolve(part, within)]))
    }
    if (within.includes(reference)) {
      note(reference, "endless")
      return {}
    }
    const target = follow(reference, [])
    // OpenAPI 3.0: what stands beside a $ref is ignored.
    return target === undefined ? {} : resolve(target, [...within, reference])
  }

  function follow(reference: string, onTheWay: readonly string[]): Json | undefined {
    let place: Json | undefined = document
    for (const step of stepsOf(reference)) {
      while (isObject(place) && !(step in place)) {
        const indirect: string | undefined = referenceOf(place)
        if (indirect === undefined || onTheWay.includes(indirect)) break
        note(reference, "indirect")
        place = follow(indirect, [...onTheWay, reference])
      }
      place = Array.isArray(place) ? place[Number(step)] : isObject(place) && Object.hasOwn(place, step) ? place[step] : undefined
    }
    if (place === undefined) note(reference, "missing")
    return place
  }

  return { document: resolve(document, []), odd: [...odd.values()] }
}

function referenceOf(node: JsonObject): string | undefined {
  return typeof node.$ref === "string" ? node.$ref : undefined
}

/** A JSON Pointer in a fragment: percent-decoded first, then ~1 and ~0. A reference into another file has no such steps here. */
function stepsOf(reference: string): string[] {
  if (!reference.startsWith("#/")) return ["another file"]
  return reference
    .slice("#/".length)
    .split("/")
    .map((step) => decode(step).replaceAll("~1", "/").replaceAll("~0", "~"))
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}
