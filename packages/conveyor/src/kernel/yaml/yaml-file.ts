// One file of YAML with the places of everything in it, its variables filled in, and what a schema finds wrong in it told at
// these places. Called by checked-yaml.ts, and by readers that check a file part by part (change files).
import { LineCounter, isScalar, parseDocument, visit } from "yaml"
import type { Document, Scalar } from "yaml"
import type { z } from "zod"
import { BadFileError } from "./bad-file-error.ts"
import type { Complaint } from "./bad-file-error.ts"
import { nearest } from "./nearest.ts"
import { offsetOf, pathOf } from "./places.ts"
import { unreadable, withoutMark } from "./source.ts"
import { syntaxInWords } from "./syntax.ts"
import { fillVariables, isReserved, masked, unmasked } from "./variables.ts"
import type { Filled, Variables } from "./variables.ts"
import { anyForm, inWords, oneOf, shown } from "./wording.ts"

export interface YamlOptions {
  file: string
  /** What a reader should do about any mistake, after the places. */
  hint: string
  /** What ${NAME} stands for; without it a dollar sign is one. */
  variables?: Variables
  /** Whose values are texts as they are written (007 stays 007, and true is the word), and are shown to nobody. */
  isVerbatim?: (path: readonly PropertyKey[]) => boolean
  /** What a schema's own messages say: what would be right, or all that is to be said. */
  messages?: "say-what-is-right" | "say-all"
  /** Keys of the outermost level that belong to whoever writes the file, for anchors. */
  isOwnKey?: (key: string) => boolean
}

/** One file: its value, the places in it, and what was filled in. @throws BadFileError where it is no YAML, or a variable is not set. */
export class YamlFile {
  value: unknown
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
    this.#document = parseDocument(isFilled ? masked(text) : text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: true,
      merge: true,
      logLevel: "error",
    })
    const { errors } = this.#document
    if (errors.length > 0)
      throw this.#refuse(errors.map((error) => ({ ...this.#at(error.pos[0]), key: "", message: syntaxInWords(error) })))
    const dangling = this.#danglingAliases()
    if (dangling.length > 0) throw this.#refuse(dangling)
    const { missing, filled } = fillVariables(this.#document, options.variables ?? {})
    this.#filled = filled
    if (isFilled && missing.length > 0) {
      throw this.#refuse(missing.map(({ offset, message }) => ({ ...this.#at(offset), key: this.#keyAt(offset), message })))
    }
    this.#keepAsWritten()
    this.value = this.#toPlain()
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
    return this.#refuse([...once.values()].toSorted((a, b) => a.line - b.line || a.column - b.column))
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
      const node = this.#document.getIn(path, true)
      if (issue.code !== "invalid_type" || !isScalar(node) || !this.#filled.has(node) || typeof node.value !== "string") continue
      const meant =
        issue.expected === "boolean" ? switches[node.value] : /^-?\d+(\.\d+)?$/.test(node.value) ? Number(node.value) : undefined
      if (meant === undefined) continue
      node.value = meant
      took = true
    }
    if (took) this.value = this.#toPlain()
    return took
  }

  #refuse(complaints: readonly Complaint[]): BadFileError {
    return new BadFileError(this.#options.file, complaints, this.#options.hint)
  }

  #danglingAliases(): Complaint[] {
    const found: Complaint[] = []
    visit(this.#document, {
      Alias: (_, alias) => {
        if (alias.resolve(this.#document) !== undefined) return
        const message = `there is no &${unmasked(alias.source)} before this *${unmasked(alias.source)}`
        found.push({ ...this.#at(alias.range?.[0] ?? 0), key: "", message })
      },
    })
    return found
  }

  #keepAsWritten(): void {
    const { isVerbatim } = this.#options
    if (isVerbatim === undefined) return
    visit(this.#document, {
      Scalar: (position, node, parents) => {
        if (position === "key" || typeof node.value === "string" || node.value === null || node.source === undefined) return
        if (isVerbatim(pathOf([...parents, node]))) node.value = node.source
      },
    })
  }

  #toPlain(): unknown {
    try {
      return withoutOwn(this.#document.toJS({ maxAliasCount: 100 }), this.#options.isOwnKey)
    } catch (cause) {
      throw this.#refuse([{ line: 1, column: 1, key: "", message: cause instanceof Error ? cause.message : String(cause) }])
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
    return [this.#complaint(path, issue.message)]
  }

  #complaint(path: readonly PropertyKey[], right: string): Complaint {
    if (this.#options.messages === "say-all" && !this.#generic.has(right)) return this.complaint(path, right)
    const node = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true)
    const isPrivate = isScalar(node) && typeof node.value === "string" && this.#options.isVerbatim?.(path) === true
    const found = isPrivate ? "a text" : this.#found(path, node)
    return this.complaint(path, found === "nothing" && path.length > 0 ? `is missing: ${right}` : `found ${found}; right is: ${right}`)
  }

  /** What stands in the file; of what a variable holds, only its name. */
  #found(path: readonly PropertyKey[], node: unknown): string {
    const filled = isScalar(node) ? this.#filled.get(node) : undefined
    // Behind an alias stands what its anchor has: there is a value, and no node.
    const value = valueAt(this.value, path)
    if (path.length === 0 && value === null) return "nothing"
    return filled === undefined ? shown(value) : `what ${filled.asWritten} holds`
  }

  /** The place of the key at `path`, or of the nearest thing around it that the file has. */
  placeOf(path: readonly PropertyKey[]): { line: number; column: number } {
    for (let length = path.length; length > 0; length--) {
      const offset = offsetOf(this.#document, path.slice(0, length))
      if (offset !== undefined) return this.#at(offset)
    }
    return { line: 1, column: 1 }
  }

  #keyAt(offset: number): string {
    let key = ""
    visit(this.#document, {
      Scalar: (_, node, parents) => {
        if (node.range?.[0] === offset) key = unmasked(pathOf([...parents, node]).join("."))
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
