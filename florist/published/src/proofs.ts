// How many of the publication's own examples prove each correction. Called by `coverage` and the tests of `corrections`.
import { compile } from "./compile.ts"
import { correct, corrections } from "./corrections.ts"
import { bodiesOf } from "./publication.ts"
import type { Body, Publication } from "./publication.ts"
import type { Schema } from "./schema.ts"

export interface CorrectionCount {
  name: string
  reason: string
  /** Schemas that it changes, counted in every body where they stand. */
  places: number
  /** Examples of the publication that fail without it. */
  proofs: number
}

export function correctionsIn(publication: Publication): CorrectionCount[] {
  const bodies = bodiesOf(publication).map((published) => ({ ...published, made: correct(published.body, published.side).made }))
  // An example that passes by the schema as it was published proves no correction.
  const contradicted = new Set(bodies.filter(({ body }) => failing(body.schema, body) > 0))
  return corrections.map((rule) => {
    const others = corrections.filter((other) => other !== rule)
    const touched = bodies.filter(({ made }) => made.has(rule.name))
    const proofs = touched
      .filter((published) => contradicted.has(published))
      .map(({ body, side }) => failing(correct(body, side, others).schema, body))
    const places = touched.map(({ made }) => made.get(rule.name) ?? 0)
    return { name: rule.name, reason: rule.reason, places: sum(places), proofs: sum(proofs) }
  })
}

/** How many of a body's examples a schema refuses. */
function failing(schema: Schema, { examples }: Body): number {
  if (examples.length === 0) return 0
  const check = compile(schema)
  return examples.filter((example) => check(example).length > 0).length
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
