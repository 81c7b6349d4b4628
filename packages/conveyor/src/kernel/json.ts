// JSON that somebody else wrote, for a schema to judge. Called wherever a text may be anything.

/** Undefined where it is none, which no JSON is. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
