// What JSON:API asks of every answer, whatever the publication says of its parts: it is looser than the format that it names, so that
// without this `{}` would be a right answer nearly everywhere. Called by `validator`, for operations beyond the publication too.
import { isObject } from "./json.ts"
import type { JsonObject } from "./json.ts"

export const mediaType = "application/vnd.api+json"

/** Faults of an answer's document. Each names its place as a JSON Pointer. */
export function documentFaults(document: unknown): string[] {
  if (!isObject(document)) return ["the body is no JSON object, and every JSON:API document is one"]
  if ("errors" in document) return "data" in document ? ["the body holds data beside errors"] : errorFaults(document)
  if (!("data" in document) && !("meta" in document)) return ["the body holds none of data, errors and meta"]
  const primary = "data" in document ? dataFaults(document.data, "/data") : []
  const included = "included" in document ? listFaults(document.included, "/included") : []
  return [...primary, ...included]
}

/** Faults of an answer that tells of errors. */
export function errorFaults(document: unknown): string[] {
  if (!isObject(document) || !Array.isArray(document.errors)) return ['an error\'s answer holds a list "errors", this one does not']
  return document.errors.length === 0
    ? ["/errors is empty"]
    : document.errors.flatMap((error, n) => (isObject(error) ? [] : [`/errors/${n} is no object`]))
}

function dataFaults(data: unknown, place: string): string[] {
  if (data === null) return []
  return Array.isArray(data) ? listFaults(data, place) : resourceFaults(data, place)
}

function listFaults(list: unknown, place: string): string[] {
  return Array.isArray(list) ? list.flatMap((resource, n) => resourceFaults(resource, `${place}/${n}`)) : [`${place} is no list`]
}

function resourceFaults(resource: unknown, place: string): string[] {
  if (!isObject(resource)) return [`${place} is no resource`]
  const { attributes, relationships } = resource
  const attributeFaults = attributes === undefined || isObject(attributes) ? [] : [`${place}/attributes is no object`]
  const linkFaults = isObject(relationships)
    ? Object.entries(relationships).flatMap(([name, link]) => relationshipFaults(link, `${place}/relationships/${name}`))
    : []
  return [...identityFaults(resource, place), ...attributeFaults, ...linkFaults]
}

function relationshipFaults(link: unknown, place: string): string[] {
  if (!isObject(link)) return [`${place} is no object`]
  const { data } = link
  if (data === undefined || data === null) return []
  const linked = Array.isArray(data) ? data : [data]
  return linked.flatMap((one, n) => {
    const at = Array.isArray(data) ? `${place}/data/${n}` : `${place}/data`
    return isObject(one) ? identityFaults(one, at) : [`${at} is no resource identifier`]
  })
}

function identityFaults(resource: JsonObject, place: string): string[] {
  return ["type", "id"].flatMap((name) => {
    const value = resource[name]
    return typeof value === "string" && value !== "" ? [] : [`${place} has no "${name}" of text`]
  })
}
