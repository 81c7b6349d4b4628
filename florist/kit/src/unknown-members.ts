// What a request holds that the operation does not know: filters, sorts, members and relationships that would be dropped without a word. Pure; called where requests
// are read.
import type { z } from "zod"

export interface UnknownMember {
  path: readonly string[]
  name: string
  /** What may stand in the same place. */
  known: readonly string[]
}

/** Programs send these empty where a resource has none. */
const mayBeEmpty: ReadonlySet<string> = new Set(["attributes", "relationships"])

/** Parts of any JSON:API document that ask for nothing (jsonapi.org 1.0). */
const ofEveryDocument: ReadonlySet<string> = new Set(["jsonapi", "meta", "links"])

/** @param echoes what the answer shows of the same resource: a client may send back whole what it has read. */
export function unknownMembers(schema: z.ZodType, value: unknown, echoes?: z.ZodType): UnknownMember[] {
  return within(schema, echoes, value, []).filter(({ path, name }) => !isFrame(path, name))
}

function isFrame(path: readonly string[], name: string): boolean {
  const holder = path.at(-1)
  const isResource = holder === "data" || (path.at(-2) === "data" && /^\d+$/.test(holder ?? ""))
  // Every resource may say its type, also where only one can be meant.
  if (name === "type" && isResource) return true
  const isDocumentOrResource = holder === undefined || isResource
  return ofEveryDocument.has(name) && (isDocumentOrResource || path.at(-2) === "relationships")
}

function within(schema: z.ZodType, echoes: z.ZodType | undefined, value: unknown, path: readonly string[]): UnknownMember[] {
  const shape = unwrapped(schema)
  const def = definitionOf(shape)
  if (Array.isArray(value)) {
    const element = def.type === "array" ? (def.element as z.ZodType) : undefined
    if (element === undefined) return []
    return value.flatMap((each, index) => within(element, elementOf(echoes), each, [...path, String(index)]))
  }
  if (!isRecord(value)) return []
  if (def.type === "record") {
    return Object.entries(value).flatMap(([name, each]) => within(def.valueType as z.ZodType, undefined, each, [...path, name]))
  }
  if (def.type === "union")
    return nearest(
      (def.options as readonly z.ZodType[]).map((each) => [each, within(each, echoes, value, path)]),
      value,
    )
  if (def.type !== "object" || def.catchall !== undefined) return []
  const [known, shown] = [membersOf(shape), membersOf(echoes)]
  return Object.entries(value).flatMap(([name, each]) => {
    const member = own(known, name)
    if (member !== undefined) return within(member, own(shown, name), each, [...path, name])
    if (mayBeEmpty.has(name) && isRecord(each) && Object.keys(each).length === 0) return []
    return own(shown, name) === undefined ? [{ path, name, known: Object.keys(known) }] : []
  })
}

/** Of a choice between shapes the one that takes the value counts. */
function nearest(choices: readonly (readonly [z.ZodType, UnknownMember[]])[], value: unknown): UnknownMember[] {
  const fitting = choices.filter(([shape]) => shape.safeParse(value).success)
  const [least] = (fitting.length > 0 ? fitting : choices).map(([, unknown]) => unknown).toSorted((a, b) => a.length - b.length)
  return least ?? []
}

type Definition = Readonly<Record<string, unknown>> & { type: string }

const definitionOf = (schema: z.ZodType): Definition => schema.def as unknown as Definition

/** What a request is read as, below what only says when and how. */
function unwrapped(schema: z.ZodType): z.ZodType {
  const def = definitionOf(schema)
  if (def.type === "pipe") {
    // A preprocessing step stands first and says nothing of the shape.
    const first = def.in as z.ZodType
    return unwrapped(definitionOf(first).type === "transform" ? (def.out as z.ZodType) : first)
  }
  if (def.type === "lazy") return unwrapped((def.getter as () => z.ZodType)())
  return def.innerType === undefined ? schema : unwrapped(def.innerType as z.ZodType)
}

function membersOf(schema: z.ZodType | undefined): Readonly<Record<string, z.ZodType>> {
  if (schema === undefined) return {}
  const def = definitionOf(unwrapped(schema))
  return def.type === "object" ? (def.shape as Record<string, z.ZodType>) : {}
}

function elementOf(schema: z.ZodType | undefined): z.ZodType | undefined {
  const def = schema === undefined ? undefined : definitionOf(unwrapped(schema))
  return def?.type === "array" ? (def.element as z.ZodType) : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null
const own = (members: Readonly<Record<string, z.ZodType>>, name: string) => (Object.hasOwn(members, name) ? members[name] : undefined)
