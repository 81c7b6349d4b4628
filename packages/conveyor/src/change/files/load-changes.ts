// Reads the folder of change files. Everything that is wrong with a file is said with file, line, column and key, and
// a file that has a fault gives no change at all. Called by the release layer and the `change` commands.
import { createHash } from "node:crypto"
import { readFile, readdir } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { BadFileError } from "../../kernel/yaml/bad-file-error.ts"
import type { Complaint } from "../../kernel/yaml/bad-file-error.ts"
import { nearest } from "../../kernel/yaml/nearest.ts"
import { inPlaceOf } from "../../kernel/yaml/wording.ts"
import { YamlFile } from "../../kernel/yaml/yaml-file.ts"
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

/** @throws ConveyorError "bad-change" */
export function parseChange(file: string, name: string, text: string): Change {
  const source = open(file, text)
  const faults: Complaint[] = []
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,99}$/u.test(name)) {
    const right = "letters, digits, dots, dashes and underscores; rename the file, such as 0002-payment-methods.yml"
    faults.push(source.complaint([], `the name "${name}" may hold ${right}`))
  }
  const outer = outerSchema.safeParse(source.value, { error: source.words })
  if (!outer.success) faults.push(...source.complaintsOf(outer.error.issues))
  const operations = (outer.data?.operations ?? []).flatMap((entry, i) => {
    const read = readOperation(source, name, entry, i)
    if ("operation" in read) return [read.operation]
    faults.push(...read.faults)
    return []
  })
  if (outer.data === undefined || faults.length > 0) throw badChange(source.bad(faults))
  return {
    name,
    file,
    digest: digestOf((source.parsed as { operations: unknown }).operations),
    summary: outer.data.summary,
    operations,
    places: placesIn(source),
  }
}

const hint = "Correct the file; nothing was applied."

function open(file: string, text: string): YamlFile {
  try {
    // 1.50 and 12345678901234567890 are SQL, and not yet numbers.
    return new YamlFile(text, { file, hint, messages: "say-all", isVerbatim: (_, value) => typeof value === "number" })
  } catch (thrown) {
    throw thrown instanceof BadFileError ? badChange(thrown) : thrown
  }
}

const badChange = (error: BadFileError) =>
  new ConveyorError("bad-change", error.message, { facts: { ...error.facts, ...error.complaints[0] }, hint, cause: error })

/** Of what the file says: line ends, comments and the summary are no edit. */
const digestOf = (operations: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(operations) ?? "")
    .digest("hex")

const anOperation = "one key with its settings under it, such as drop_column: { table: public.payment, column: method }"

const outerSchema = z.strictObject(
  {
    summary: z.string("one line that says what the change is for").min(1, "says in one line what the change is for"),
    operations: z
      .array(z.record(z.string(), z.unknown(), anOperation), "a list of operations, each behind a dash")
      .min(1, "a change needs at least one operation"),
  },
  inPlaceOf("a summary and operations"),
)

function readOperation(
  source: YamlFile,
  change: string,
  entry: Record<string, unknown>,
  i: number,
): { operation: Operation } | { faults: Complaint[] } {
  const names = Object.keys(entry)
  const [name] = names
  if (name === undefined || names.length > 1) {
    const found = names.length === 0 ? "none" : names.join(", ")
    const said = `an operation is one key with its settings under it; this has ${found}; put each operation behind a dash of its own`
    return { faults: [source.complaint(["operations", i], said)] }
  }
  const kind = kinds.get(name)
  if (kind === undefined) {
    const known = [...kinds.keys()]
    const near = nearest(name, known)
    const said = `there is no operation "${name}"; ${near === undefined ? "" : `did you mean "${near}"? `}there are ${known.join(", ")}`
    return { faults: [source.complaint(["operations", i, name], said)] }
  }
  const read = kind.read(entry[name], `${shortId(change)}_${String(i).padStart(2, "0")}`, source.words)
  return "operation" in read ? read : { faults: source.complaintsOf(read.issues, ["operations", i, name]) }
}

function placesIn(source: YamlFile): Map<string, Place> {
  const found = new Map<string, Place>()
  const walk = (value: unknown, path: readonly PropertyKey[]) => {
    if (path.length > 0) found.set(path.map(String).join("."), source.placeOf(path))
    if (typeof value !== "object" || value === null) return
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, Array.isArray(value) ? Number(key) : key])
  }
  walk(source.value, [])
  return found
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
