// Reads the folder of change files. Everything that is wrong with a file is said with file, line, column and key, and
// a file that has a fault gives no change at all. Called by the release layer and the `change` commands.
import { createHash } from "node:crypto"
import { readFile, readdir } from "node:fs/promises"
import { join } from "node:path"
import { LineCounter, isMap, isScalar, parseDocument } from "yaml"
import type { Document } from "yaml"
import { z } from "zod"
import { ConveyorError, describe } from "../../kernel/errors.ts"
import type { Change, Place } from "../change.ts"
import { shortId } from "./names.ts"
import { kinds } from "../operations/kinds.ts"
import type { Operation } from "../operations/operation.ts"

/** A folder of change files, wherever it is: on disk, or in a commit. */
export interface ChangeFolder {
  /** As people know it. */
  path: string
  /** Names of the files in it; none where there is no such folder. */
  list(): Promise<readonly string[]>
  read(name: string): Promise<string>
}

/** @throws ConveyorError "bad-change" that lists every fault of the first file that has one. */
export async function readChanges(folder: ChangeFolder): Promise<Change[]> {
  const files = (await folder.list()).filter((name) => /\.ya?ml$/.test(name)).toSorted()
  const changes: Change[] = []
  for (const file of files) {
    changes.push(parseChange(join(folder.path, file), file.replace(/\.ya?ml$/, ""), await folder.read(file)))
  }
  const twice = changes.find((change, i) => changes[i + 1]?.name === change.name)
  if (twice !== undefined) {
    throw new ConveyorError("bad-change", `${folder.path}: there are two files of the name ${twice.name}`, { hint: "Rename one of them." })
  }
  return changes
}

/** The change files of a folder on disk. @throws ConveyorError "bad-change" */
export function loadChanges(directory: string): Promise<Change[]> {
  return readChanges({
    path: directory,
    list: () => listFiles(directory),
    read: (name) => readFile(join(directory, name), "utf8"),
  })
}

export function parseChange(file: string, name: string, text: string): Change {
  const source = new Source(file, text)
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,99}$/u.test(name)) {
    source.fault(
      [],
      `the name "${name}" may hold letters, digits, dots, dashes and underscores; rename the file, such as 0002-payment-methods.yml`,
    )
  }
  const outer = source.parsed === undefined ? undefined : outerSchema.safeParse(source.parsed)
  if (outer !== undefined && !outer.success) source.faults(outer.error.issues, [])
  const operations = outer?.success === true ? outer.data.operations.flatMap((entry, i) => readOperation(source, name, entry, i)) : []
  source.throwFaults()
  return {
    name,
    file,
    digest: digestOf(outer?.data?.operations),
    summary: outer?.data?.summary ?? "",
    operations,
    places: source.places(),
  }
}

/** Of what the file says: line ends, comments and the summary are no edit. */
const digestOf = (operations: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(operations) ?? "")
    .digest("hex")

const outerSchema = z.strictObject({
  summary: z.string().min(1, "says in one line what the change is for"),
  operations: z.array(z.record(z.string(), z.unknown())).min(1, "a change needs at least one operation"),
})

function readOperation(source: Source, change: string, entry: Record<string, unknown>, i: number): Operation[] {
  const names = Object.keys(entry)
  const known = [...kinds.keys()].join(", ")
  const [name] = names
  if (name === undefined || names.length > 1) {
    source.fault(
      ["operations", i],
      `an operation is one key with its settings under it; this has ${names.length === 0 ? "none" : names.join(", ")}; put each operation behind a dash of its own`,
    )
    return []
  }
  const kind = kinds.get(name)
  if (kind === undefined) {
    source.fault(["operations", i, name], `there is no operation "${name}"; there are ${known}`)
    return []
  }
  const read = kind.read(entry[name], `${shortId(change)}_${String(i).padStart(2, "0")}`)
  if ("operation" in read) return [read.operation]
  source.faults(read.issues, ["operations", i, name])
  return []
}

type Path = readonly PropertyKey[]

/** A file's text with the places of its parts, and the faults found so far. */
class Source {
  readonly parsed: unknown
  readonly #file: string
  readonly #lines = new LineCounter()
  readonly #document: Document | undefined
  readonly #faults: { line: number; column: number; key: string; message: string }[] = []

  constructor(file: string, text: string) {
    this.#file = file
    try {
      this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, version: "1.2", schema: "core" })
      for (const error of this.#document.errors) this.#add(error.pos[0], "", `is not YAML: ${error.message}`)
      if (this.#document.errors.length === 0) this.parsed = this.#document.toJS({ maxAliasCount: 100 })
    } catch (thrown) {
      this.#add(0, "", `is not YAML: ${describe(thrown)}`)
    }
    if (this.#faults.length === 0 && (this.parsed === undefined || this.parsed === null)) {
      this.#add(0, "", "is empty; it needs summary and operations")
      this.parsed = undefined
    }
  }

  fault(path: Path, message: string): void {
    this.#add(this.#offset(path), path.map(String).join("."), message)
  }

  faults(issues: readonly z.core.$ZodIssue[], under: Path): void {
    for (const issue of issues) {
      const path = [...under, ...issue.path]
      if (issue.code === "unrecognized_keys") {
        for (const key of issue.keys) this.fault([...path, key], `unknown key; remove it or check its spelling`)
      } else if (issue.code === "invalid_type" && issue.input === undefined && this.#missing(path)) {
        this.fault(path, "is missing")
      } else {
        this.fault(path, issue.message)
      }
    }
  }

  throwFaults(): void {
    const [first] = this.#faults
    if (first === undefined) return
    const lines = this.#faults.map(
      ({ line, column, key, message }) => `${this.#file}:${line}:${column}: ${key === "" ? "" : `${key}: `}${message}`,
    )
    throw new ConveyorError("bad-change", lines.join("\n"), {
      facts: { file: this.#file, ...first },
      hint: "Correct the file; nothing was applied.",
    })
  }

  places(): Map<string, Place> {
    const found = new Map<string, Place>()
    const walk = (value: unknown, path: readonly PropertyKey[]) => {
      if (path.length > 0) {
        const { line, col } = this.#lines.linePos(this.#offset(path))
        found.set(path.map(String).join("."), { line, column: col })
      }
      if (typeof value !== "object" || value === null) return
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key])
    }
    walk(this.parsed, [])
    return found
  }

  #missing(path: Path): boolean {
    return this.#document?.getIn(path as unknown[]) === undefined
  }

  #add(offset: number, key: string, message: string): void {
    const { line, col } = this.#lines.linePos(Math.max(0, offset))
    this.#faults.push({ line: Math.max(1, line), column: Math.max(1, col), key, message })
  }

  /** Where the last part of the path stands; of what is missing, where it would stand. */
  #offset(path: Path): number {
    let node: unknown = this.#document?.contents
    let offset = 0
    for (const part of path) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
        if (pair === undefined) break
        offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset
        node = pair.value
      } else {
        const inner = (node as { items?: unknown[] } | undefined)?.items?.[Number(part)]
        if (inner === undefined) break
        node = inner
        offset = (inner as { range?: [number, number, number] }).range?.[0] ?? offset
      }
    }
    return offset
  }
}

async function listFiles(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (cause) {
    if ((cause as { code?: unknown }).code === "ENOENT") return []
    throw new ConveyorError("bad-change", `the folder of changes cannot be read: ${describe(cause)}`, {
      cause,
      hint: "Check that it is a folder and may be read.",
    })
  }
}
