// What the exchanges of tests have proved of each operation: validated successes and refusals by status, which attributes were answered.
// Written by `PublishedClient`, kept as JSON between processes, shown by `coverage`.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { z } from "zod"
import { isObject, parseJson } from "./json.ts"

export interface Exchange {
  /** As `keyOf` makes it: "GET /v1/orders/{}". */
  operation: string
  status: number
  standing: "published" | "extension"
  body: unknown
}

const proof = z.object({
  /** Count of validated answers by status. */
  statuses: z.record(z.string(), z.int()),
  /** Statuses that the publication does not list. */
  extensions: z.array(z.int()),
  /** Names seen in the attributes of primary data. */
  attributes: z.array(z.string()),
})
export type Proof = z.output<typeof proof>

const shape = z.record(z.string(), proof)

/** A folder of files by `write`: where tests keep what they exercised, and the coverage report looks for it. */
export const exercisedVariable = "FLORIST_EXERCISED"

export class Exercised {
  readonly #proofs = new Map<string, Proof>()

  add({ operation, status, standing, body }: Exchange): void {
    this.#merge(operation, {
      statuses: { [status]: 1 },
      extensions: standing === "extension" ? [status] : [],
      attributes: attributesIn(body),
    })
  }

  get(operation: string): Proof | undefined {
    return this.#proofs.get(operation)
  }

  hasSuccess(operation: string): boolean {
    return this.#statuses(operation).some((status) => status < 300)
  }

  hasRefusal(operation: string): boolean {
    return this.#statuses(operation).some((status) => status >= 400 && status < 500)
  }

  merge(other: Exercised): void {
    for (const [operation, its] of other.#proofs) this.#merge(operation, its)
  }

  toJSON(): Record<string, Proof> {
    return Object.fromEntries([...this.#proofs].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  write(file: string): void {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(this, null, 1)}\n`)
  }

  static read(file: string): Exercised {
    const exercised = new Exercised()
    for (const [operation, its] of Object.entries(shape.parse(parseJson(readFileSync(file, "utf8"))))) exercised.#merge(operation, its)
    return exercised
  }

  /** Everything that was kept in a folder. */
  static readAll(folder: string): Exercised {
    const all = new Exercised()
    for (const name of readdirSync(folder)) if (name.endsWith(".json")) all.merge(Exercised.read(join(folder, name)))
    return all
  }

  /** Kept for the coverage report where FLORIST_EXERCISED names a folder; nothing is done where it does not. */
  keep(name: string, environment: Readonly<Record<string, string | undefined>> = process.env): void {
    const folder = environment[exercisedVariable]
    if (folder) this.write(join(folder, `${name}.json`))
  }

  #statuses(operation: string): number[] {
    return Object.keys(this.#proofs.get(operation)?.statuses ?? {}).map(Number)
  }

  #merge(operation: string, more: Proof): void {
    const known = this.#proofs.get(operation) ?? { statuses: {}, extensions: [], attributes: [] }
    const statuses = { ...known.statuses }
    for (const [status, count] of Object.entries(more.statuses)) statuses[status] = (statuses[status] ?? 0) + count
    this.#proofs.set(operation, {
      statuses,
      extensions: union(known.extensions, more.extensions),
      attributes: union(known.attributes, more.attributes),
    })
  }
}

const inOrder = (a: string | number, b: string | number): number => (a < b ? -1 : 1)
const union = <T extends string | number>(a: readonly T[], b: readonly T[]): T[] => [...new Set([...a, ...b])].toSorted(inOrder)

function attributesIn(document: unknown): string[] {
  if (!isObject(document)) return []
  const resources = Array.isArray(document.data) ? document.data : [document.data]
  return resources.flatMap((resource) => (isObject(resource) && isObject(resource.attributes) ? Object.keys(resource.attributes) : []))
}
