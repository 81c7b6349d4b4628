// One file of YAML with the places of everything in it, its variables filled in, and what a schema finds wrong in it told at
// these places. Called by checked-yaml.ts, and by readers that check a file part by part (change files).
import { LineCounter, isScalar, parseDocument, visit } from "yaml"
import type { Document, Scalar, YAMLError } from "yaml"
import type { z } from "zod"
import { BadFileError } from "./bad-file-error.ts"
import type { Complaint } from "./bad-file-error.ts"
import { nearest } from "./nearest.ts"
import { pathOf, standingAt } from "./places.ts"
import { unreadable, withoutMark } from "./source.ts"
import { syntaxInWords, worthTelling } from "./syntax.ts"
import { fillVariables, isReserved, masked, unmasked } from "./variables.ts"
import type { Filled, Variables } from "./variables.ts"
import { anyForm, inWords, oneOf, shown } from "./wording.ts"

export interface YamlOptions {
  file: string
  /** What a reader should do about any mistake, after the places. */
  hint: string
  /** What ${NAME} stands for; without it a dollar sign is one. */
  variables?: Variables
  /** Which values are texts as they are written: 007 stays 007, and true is the word. */
  isVerbatim?: (path: readonly PropertyKey[], value: unknown) => boolean
  /** Which values are shown to nobody. */
  isPrivate?: (path: readonly PropertyKey[]) => boolean
  /** What a schema's own messages say: what would be right, or all that is to be said. */
  messages?: "say-what-is-right" | "say-all"
  /** Keys of the outermost level that belong to whoever writes the file, for anchors. */
  isOwnKey?: (key: string) => boolean
}

/** One file: its value, the places in it, and what was filled in. @throws BadFileError where it is no YAML, or a variable is not set. */
export class YamlFile {
  value: unknown
  /** The same with every number as YAML has it, whoever wants it as it is written. */
  readonly parsed: unknown
  /** Keys that were not known, and those that would have been. */
  readonly #known = new Map<string, readonly string[]>()
  /** What is said where a schema says nothing of its own. */
  readonly #generic = new Set<string>()
  readonly #document: Document.Parsed
  readonly #lines = new LineCounter()
  readonly #filled: ReadonlyMap<Scalar, Filled>
  readonly #options: YamlOptions

  constructor(source: string, options: YamlOptions) {
    this.#options = options
    const text = withoutMark(source)
    const reason =
      unreadable(text) ?? (isReserved(text) ? "there are characters in it that belong to no language (U+E000 to U+E002)" : undefined)
    if (reason !== undefined) throw this.#refuse([{ line: 1, column: 1, key: "", message: reason }])
    const isFilled = options.variables !== undefined
    const yaml = isFilled ? masked(text) : text
    this.#document = parseDocument(yaml, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: true,
      merge: true,
      logLevel: "error",
    })
    const errors = worthTelling([...this.#document.errors, ...this.#document.warnings])
    if (errors.length > 0)
      throw this.#refuse(errors.map((error) => ({ ...this.#at(error.pos[0]), key: this.#keyOf(error), message: syntaxInWords(error) })))
    const unusable = [...this.#danglingAliases(), ...this.#keysOfTheLanguage()]
    if (unusable.length > 0) throw this.#refuse(unusable)
    const { missing, filled } = fillVariables(this.#document, yaml, options.variables ?? {})
    this.#filled = filled
    if (isFilled && missing.length > 0) {
      throw this.#refuse(
        missing.map(({ value, in: place, offset, message }) => ({ ...this.#at(offset), key: this.#keyAt(value, place), message })),
      )
    }
    this.parsed = this.#toPlain()
    this.value = this.#asWritten(this.parsed, [])
  }

  /** For `safeParse`: what the schema itself says nothing about. */
  readonly words: z.core.$ZodErrorMap = (issue) => {
    if (issue.code === "unrecognized_keys") {
      const { shape } = (issue.inst?._zod.def ?? {}) as { shape?: Record<string, unknown> }
      this.#known.set(issue.keys.join("\n"), Object.keys(shape ?? {}))
    }
    const said = inWords(issue)
    this.#generic.add(said)
    return said
  }

  bad(complaints: readonly Complaint[]): BadFileError {
    const once = new Map(complaints.map((each) => [`${each.line} ${each.column} ${each.key} ${each.message}`, each]))
    return this.#refuse([...once.values()])
  }

  /** `under` is where the value stands that was checked. */
  complaintsOf(issues: readonly z.core.$ZodIssue[], under: readonly PropertyKey[] = []): Complaint[] {
    return issues.flatMap((issue) => this.#complaintsOf({ ...issue, path: [...under, ...issue.path] }))
  }

  /** A complaint of the reader's own. */
  complaint(path: readonly PropertyKey[], message: string): Complaint {
    return { ...this.placeOf(path), key: path.join("."), message }
  }

  /** Says whether there was any. */
  takeTextsFor(issues: readonly z.core.$ZodIssue[]): boolean {
    let took = false
    for (const { path, ...issue } of issues) {
      const node = this.#nodeAt(path)
      if (issue.code !== "invalid_type" || !isScalar(node) || !this.#filled.has(node) || typeof node.value !== "string") continue
      const meant =
        issue.expected === "boolean" ? switches[node.value] : /^-?\d+(\.\d+)?$/.test(node.value) ? Number(node.value) : undefined
      if (meant === undefined) continue
      node.value = meant
      took = true
    }
    if (took) this.value = this.#asWritten(this.#toPlain(), [])
    return took
  }

  #refuse(complaints: readonly Complaint[]): BadFileError {
    return new BadFileError(this.#options.file, complaints, this.#options.hint)
  }

  #danglingAliases(): Complaint[] {
    const found: Complaint[] = []
    visit(this.#document, {
      Alias: (_, alias, parents) => {
        if (alias.resolve(this.#document) !== undefined) return
        const message = `there is no &${unmasked(alias.source)} before this *${unmasked(alias.source)}`
        found.push({ ...this.#at(alias.range?.[0] ?? 0), key: unmasked(pathOf([...parents, alias]).join(".")), message })
      },
    })
    return found
  }

  /** A key that the language itself understands would be lost without a word. */
  #keysOfTheLanguage(): Complaint[] {
    const found: Complaint[] = []
    visit(this.#document, {
      Scalar: (position, node, parents) => {
        if (position !== "key" || node.value !== "__proto__") return
        const message = "this name cannot be used; choose another one"
        found.push({ ...this.#at(node.range?.[0] ?? 0), key: pathOf([...parents, node]).join("."), message })
      },
    })
    return found
  }

  /** What stands there, behind every alias and merge. */
  #nodeAt(path: readonly PropertyKey[]): unknown {
    return standingAt(this.#document, path)?.node
  }

  #asWritten(value: unknown, path: readonly PropertyKey[]): unknown {
    const { isVerbatim } = this.#options
    if (isVerbatim === undefined || value === null || typeof value === "string") return value
    if (Array.isArray(value)) return value.map((item: unknown, i) => this.#asWritten(item, [...path, i]))
    if (typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.#asWritten(inner, [...path, key])]))
    }
    const node = isVerbatim(path, value) ? this.#nodeAt(path) : undefined
    return isScalar(node) ? (node.source ?? value) : value
  }

  #toPlain(): unknown {
    try {
      return withoutOwn(this.#document.toJS({ maxAliasCount: 100 }), this.#options.isOwnKey)
    } catch {
      throw this.#refuse([
        { line: 1, column: 1, key: "", message: "its aliases unfold to more than can be read; write out what they stand for" },
      ])
    }
  }

  #complaintsOf(issue: z.core.$ZodIssue): Complaint[] {
    const { path } = issue
    if (issue.code === "unrecognized_keys") {
      const known = this.#known.get(issue.keys.join("\n")) ?? []
      return issue.keys.map((key) => ({
        ...this.placeOf([...path, key]),
        key: [...path, key].join("."),
        message: `no such key here; ${meant(key, known)}`,
      }))
    }
    if (issue.code === "invalid_union" && issue.errors.length > 0) {
      // The alternative that came furthest is the one that was meant.
      const furthest = Math.max(...issue.errors.map(depth))
      const nearestOnes = issue.errors.filter((errors) => depth(errors) === furthest)
      const [first] = nearestOnes
      if (first !== undefined && (furthest > 0 || nearestOnes.length === 1)) {
        return first.flatMap((inner) => this.#complaintsOf({ ...inner, path: [...path, ...inner.path] }))
      }
      const right = [...new Set(nearestOnes.flat().map(({ message }) => message))]
      return [this.#complaint(path, issue.message === anyForm ? right.join(", or ") : issue.message)]
    }
    if (issue.code === "invalid_key") {
      const key = String(path.at(-1))
      const right = issue.issues[0]?.message ?? issue.message
      return [{ ...this.placeOf(path), key: path.join("."), message: `found ${shown(key)} as a name; right is: ${right}` }]
    }
    return [this.#complaint(path, issue.message, issue.code)]
  }

  #complaint(path: readonly PropertyKey[], right: string, code?: z.core.$ZodIssue["code"]): Complaint {
    // Of what is of another type, or not there, a schema can only say what would be right.
    if (this.#options.messages === "say-all" && code !== "invalid_type" && !this.#generic.has(right)) return this.complaint(path, right)
    const node = this.#nodeAt(path)
    const isPrivate = isScalar(node) && typeof node.value === "string" && this.#options.isPrivate?.(path) === true
    const found = isPrivate ? "a text" : this.#found(path, node)
    return this.complaint(path, found === "nothing" && path.length > 0 ? `is missing: ${right}` : `found ${found}; right is: ${right}`)
  }

  /** What stands in the file; of what a variable holds, only its name. */
  #found(path: readonly PropertyKey[], node: unknown): string {
    const filled = isScalar(node) ? this.#filled.get(node) : undefined
    const value = valueAt(this.value, path)
    if (path.length === 0 && value === null) return "nothing"
    return filled === undefined ? shown(value) : `what ${filled.asWritten} holds`
  }

  /** The place of the key at `path`, or of the nearest thing around it that the file has. */
  placeOf(path: readonly PropertyKey[]): { line: number; column: number } {
    for (let length = path.length; length > 0; length--) {
      const offset = standingAt(this.#document, path.slice(0, length))?.offset
      if (offset !== undefined) return this.#at(offset)
    }
    return { line: 1, column: 1 }
  }

  /** What merely looks like a key, where the YAML is broken, is none. */
  #keyOf({ code, pos: [offset] }: YAMLError): string {
    if (code === "RESOURCE_EXHAUSTION") return ""
    // A tag stands before its value, and only that has a place.
    return this.#keyAt(offset, code === "DUPLICATE_KEY" ? "key" : "value", code === "TAG_RESOLVE_FAILED" ? "or-behind" : "there")
  }

  #keyAt(offset: number, wanted: "key" | "value", where: "there" | "or-behind" = "there"): string {
    let key = ""
    visit(this.#document, {
      Scalar: (position, node, parents) => {
        const start = node.range?.[0] ?? -1
        if ((position === "key") !== (wanted === "key") || (where === "there" ? start !== offset : start < offset)) return undefined
        key = unmasked(pathOf([...parents, node]).join("."))
        return visit.BREAK
      },
    })
    return key
  }

  #at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce(
    (at: unknown, key) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, key) ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  )

function withoutOwn(value: unknown, isOwn: YamlOptions["isOwnKey"]): unknown {
  if (isOwn === undefined || typeof value !== "object" || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([key]) => !isOwn(key)))
}

const switches: Readonly<Record<string, boolean>> = { true: true, false: false }

const depth = (issues: readonly z.core.$ZodIssue[]) => Math.max(0, ...issues.map((issue) => issue.path.length))

function meant(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  if (near !== undefined) return `did you mean "${near}"?`
  return known.length === 0 ? "take it away" : `there are ${oneOf(known)}`
}
