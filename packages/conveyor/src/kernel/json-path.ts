// The small part of JSONPath that looks at one place: $, .name, ["name"], [0], [-1]. Parsed once, where conveyor.yml is read.

export type JsonPath = readonly (string | number)[]

const segment = /\.([A-Za-z_][\w-]*)|\[(-?\d{1,9})\]|\["((?:[^"\\]|\\.)*)"\]/y

/** Undefined where it is no such path. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith("$")) return undefined
  const path: (string | number)[] = []
  segment.lastIndex = 1
  while (segment.lastIndex < text.length) {
    const found = segment.exec(text)
    if (found === null) return undefined
    const [, name, index, quoted] = found
    path.push(index !== undefined ? Number(index) : (name ?? (JSON.parse(`"${quoted}"`) as string)))
  }
  return path
}

/** Undefined where nothing is there. */
export function at(value: unknown, path: JsonPath): unknown {
  return path.reduce<unknown>((inside, key) => {
    if (Array.isArray(inside)) return typeof key === "number" ? (inside.at(key) as unknown) : undefined
    return typeof inside === "object" && inside !== null && Object.hasOwn(inside, key)
      ? (inside as Record<string, unknown>)[key]
      : undefined
  }, value)
}
