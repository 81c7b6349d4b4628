// Looks up what was acknowledged, when all is over, and tells lost from unknown. Called by `runWitness`.
import type { Acknowledgement, Scenario } from "./scenario.ts"

export interface LookedUp {
  found: number
  unknown: number
  lost: Acknowledgement[]
}

const atOnce = 16

export async function lookUpAll(writes: readonly Acknowledgement[], scenario: Pick<Scenario, "lookUp">, target: URL): Promise<LookedUp> {
  const result: LookedUp = { found: 0, unknown: 0, lost: [] }
  if (scenario.lookUp === undefined) return { ...result, unknown: writes.length }
  const queue = writes.values()
  const work = async () => {
    for (const write of queue) {
      const isThere = await scenario.lookUp?.(write, target).catch(() => undefined)
      if (isThere === undefined) result.unknown += 1
      else if (isThere) result.found += 1
      else result.lost.push(write)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return result
}
