// JSON as it is read, before its shape is known. Called by everything here that walks a document or a body.

export type Json = string | number | boolean | null | Json[] | JsonObject
export interface JsonObject {
  [name: string]: Json
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The words that messages use: "null", "array", "object", "string", "number", "boolean". */
export function kindOf(value: unknown): string {
  if (value === null) return "null"
  return Array.isArray(value) ? "array" : typeof value
}

/** @throws SyntaxError if the text is no JSON. */
export function parseJson(text: string): Json {
  // JSON.parse promises nothing in its type; what it gives is JSON by definition.
  return JSON.parse(text) as Json
}
