// How many of the publication's own examples prove each correction. Called by `coverage` and the tests of `corrections`.
import { compile } from "./compile.ts"
import { correct, corrections } from "./corrections.ts"
import { bodiesOf } from "./publication.ts"
import type { Publication } from "./publication.ts"

export interface CorrectionCount {
  name: string
  reason: string
  /** Schemas that it changes, counted in every body where they stand. */
  places: number
  /** Examples of the publication that fail without it. */
  proofs: number
}

export function correctionsIn(publication: Publication): CorrectionCount[] {
  const bodies = bodiesOf(publication).map(({ body, side }) => ({ body, side, made: correct(body, side).made }))
  return corrections.map((rule) => {
    const others = corrections.filter((other) => other !== rule)
    const touched = bodies.filter(({ made }) => made.has(rule.name))
    const proofs = touched.reduce((sum, { body, side }) => {
      if (body.examples.length === 0) return sum
      const check = compile(correct(body, side, others).schema)
      return sum + body.examples.filter((example) => check(example).length > 0).length
    }, 0)
    return { name: rule.name, reason: rule.reason, places: touched.reduce((sum, { made }) => sum + (made.get(rule.name) ?? 0), 0), proofs }
  })
}
