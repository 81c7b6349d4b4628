// YAML that was checked against a schema, with every complaint placed: file, line, column, key, and the way out.
// Called by whoever reads a file that a person writes (conveyor.yml, change files).
import { LineCounter, isMap, isNode, isPair, parseDocument, visit } from "yaml"
import type { Document, ParsedNode } from "yaml"
import type { z } from "zod"
import { ConveyorError } from "./errors.ts"

export interface Complaint {
  /** 1-based. */
  line: number
  column: number
  /** "services.payments.start", or "" for the whole file. */
  key: string
  message: string
}

/** A file with mistakes in it: all of them, in the order of their places. */
export class BadFileError extends ConveyorError {
  readonly complaints: readonly Complaint[]

  constructor(file: string, complaints: readonly Complaint[], hint: string) {
    const lines = complaints.map((c) => `${file}:${c.line}:${c.column} ${c.key === "" ? "" : `${c.key}: `}${c.message}`)
    super("bad-file", lines.join("\n"), { facts: { file, complaints }, hint })
    this.name = "BadFileError"
    this.complaints = complaints
  }
}

export interface CheckOptions {
  file: string
  /** What a reader should do about any mistake, after the places. */
  hint: string
}

/** Parses and checks; past this the types are true. @throws BadFileError */
export function parseCheckedYaml<T>(text: string, schema: z.ZodType<T>, { file, hint }: CheckOptions): T {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, logLevel: "error" })
  const syntax = document.errors.map((error) => ({ ...at(lines, error.pos[0]), key: "", message: error.message }))
  if (syntax.length > 0) throw new BadFileError(file, syntax, hint)
  const dangling = danglingAliases(document, lines)
  if (dangling.length > 0) throw new BadFileError(file, dangling, hint)

  const checked = schema.safeParse(toPlain(document, file, hint))
  if (checked.success) return checked.data
  const complaints = checked.error.issues.flatMap((issue) => complaintsOf(issue, document, lines))
  throw new BadFileError(
    file,
    complaints.sort((a, b) => a.line - b.line || a.column - b.column),
    hint,
  )
}

function danglingAliases(document: Document.Parsed, lines: LineCounter): Complaint[] {
  const found: Complaint[] = []
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return
      found.push({ ...at(lines, alias.range?.[0] ?? 0), key: "", message: `there is no &${alias.source} before this *${alias.source}` })
    },
  })
  return found
}

function toPlain(document: Document.Parsed, file: string, hint: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown
  } catch (cause) {
    throw new BadFileError(file, [{ line: 1, column: 1, key: "", message: cause instanceof Error ? cause.message : String(cause) }], hint)
  }
}

function complaintsOf(issue: z.core.$ZodIssue, document: Document.Parsed, lines: LineCounter): Complaint[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      ...placeOf([...issue.path, key], document, lines),
      key: [...issue.path, key].join("."),
      message: "no such key here",
    }))
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The alternative that came furthest is the one that was meant.
    const nearest = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0] ?? []
    return nearest.flatMap((inner) => complaintsOf({ ...inner, path: [...issue.path, ...inner.path] }, document, lines))
  }
  return [{ ...placeOf(issue.path, document, lines), key: issue.path.join("."), message: issue.message }]
}

const depth = (issues: readonly z.core.$ZodIssue[]) => Math.max(0, ...issues.map((issue) => issue.path.length))

/** The place of the key at `path`, or of the nearest thing around it that the file has. */
function placeOf(path: readonly PropertyKey[], document: Document.Parsed, lines: LineCounter): { line: number; column: number } {
  for (let length = path.length; length > 0; length--) {
    const offset = offsetOf(document, path.slice(0, length))
    if (offset !== undefined) return at(lines, offset)
  }
  return { line: 1, column: 1 }
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number | undefined {
  const last = path.at(-1)
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (isMap<ParsedNode, ParsedNode | null>(parent)) {
    const pair = parent.items.find((item) => isPair(item) && String(item.key) === String(last))
    return pair?.key.range[0]
  }
  const node = document.getIn(path, true)
  return isNode(node) ? node.range?.[0] : undefined
}

function at(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}
