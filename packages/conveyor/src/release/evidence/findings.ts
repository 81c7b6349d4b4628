// What the edge's comparison says against the newer version, each with the test that made it: from suspicion on. Pure.
// Called by the judge.
//   pairs   the same safe request, asked of both at the same moment: of those that one alone failed, the newer failed more
//           than half (McNemar's comparison, 1947, as an e-value). What fails on both is nobody's, noise hits both alike.
//   alone   requests that one version alone can be asked (what writes): the newer fails more than the older is believed to
//           have done at most on that route (Wilson's bound), and more than the older does now, wherever that was asked enough to tell.
//   slower  pairs that one answered so much slower that a person would notice: the newer did more than half of those
//           (the sign test, Dixon and Mood 1946, as an e-value), and in a quarter of all pairs of the route.
import type { Comparison, ComparisonCell, Tally } from "../../edge/edge.ts"
import { ownClient } from "./cells.ts"
import { eValue, highestRate } from "./e-value.ts"

export interface Finding {
  test: "pairs" | "alone" | "slower"
  /** Undefined where it is of all routes together. */
  route: string | undefined
  failed: number
  /** Of so many, in the terms of the test. */
  of: number
  /** The rate up to which nothing is wrong. */
  atMost: number
  eValue: number
  /** From here on the finding is none of chance. */
  needed: number
  /** "own": the conveyor itself has asked, and seen it too. */
  clients: { failing: number; seen: number; own: "own" | "others" }
  /** The share of all that was seen of the newer version by this test. */
  share: number
  /** The older version may fail now as well: nobody can say whose it is. */
  isShared: boolean
}

/** How often a version that is as good as the one before is found worse, over a whole bake and all its tests: 1 in 1,000. */
export const alpha = 0.001
const tests = 3
const fewest = 5
/** From here on chance is not believed readily, and more is wanted before anything is said. */
const suspicious = 20
/** Where so much of all fails, few requests are reason enough to want more. */
const grossShare = 0.2
const grossValue = 4
/** A route of which nothing is known yet is allowed so much. */
const unknownRate = 0.01
const slowShare = 0.25
const fewestPairs = 20

export function findings(comparison: Comparison, sinceWarm: readonly ComparisonCell[]): Finding[] {
  const found = [pairs(comparison.cells), ...alone(comparison), ...slower(sinceWarm)]
  return found.filter((each) => each !== undefined).filter(isSuspicious)
}

const isSuspicious = ({ failed, eValue: value, share }: Finding): boolean =>
  failed >= fewest && (value >= suspicious || (share >= grossShare && value >= grossValue))

export const isBeyondChance = (each: Finding): boolean => each.eValue >= each.needed

/** The smallest share of what reads that, failing on the newer version alone, would have been found in so many pairs; 1 where none would. */
export function smallestFault(cells: readonly ComparisonCell[]): number {
  const all = sum(cells, (cell) => cell.pairs)
  for (let failed = fewest; failed <= all; failed++) if (eValue(failed, failed, 0.5) >= tests / alpha) return failed / all
  return 1
}

function pairs(cells: readonly ComparisonCell[]): Finding | undefined {
  const [failed, older] = [sum(cells, (cell) => cell.onlyNewer), sum(cells, (cell) => cell.onlyOlder)]
  const all = sum(cells, (cell) => cell.pairs)
  return {
    test: "pairs",
    route: undefined,
    ...signTest(failed, older),
    needed: tests / alpha,
    clients: clientsOf(
      cells,
      (cell) => cell.pairs,
      (cell) => cell.onlyNewer,
    ),
    share: all === 0 ? 0 : failed / all,
  }
}

function alone({ cells, before }: Comparison): Finding[] {
  const routes = byRoute(cells.filter(({ newer }) => newer.requests > 0))
  const all = sum(cells, ({ newer }) => newer.requests)
  return [...routes].map(([route, own]) => {
    const [newer, older] = [
      tally(own, (cell) => cell.newer),
      tally(
        cells.filter((cell) => cell.route === route),
        (cell) => cell.older,
      ),
    ]
    const atMost = ratePossible(before[route], older)
    return {
      test: "alone",
      route,
      failed: newer.failed,
      of: newer.requests,
      atMost,
      eValue: eValue(newer.failed, newer.requests, atMost),
      needed: (tests * routes.size) / alpha,
      clients: clientsOf(
        own,
        (cell) => cell.newer.requests,
        (cell) => cell.newer.failed,
      ),
      share: all === 0 ? 0 : newer.failed / all,
      isShared: mayBeShared(newer, older) || mayBeShared(newer, olderOfPairs(cells)),
    }
  })
}

function slower(cells: readonly ComparisonCell[]): (Finding | undefined)[] {
  const routes = byRoute(cells.filter(({ pairs: count }) => count > 0))
  return [...routes].map(([route, own]) => {
    const [failed, older, all] = [
      sum(own, (cell) => cell.newerSlower),
      sum(own, (cell) => cell.olderSlower),
      sum(own, (cell) => cell.pairs),
    ]
    if (all < fewestPairs || failed < slowShare * all) return undefined
    return {
      test: "slower",
      route,
      ...signTest(failed, older),
      needed: (tests * routes.size) / alpha,
      clients: clientsOf(
        own,
        (cell) => cell.pairs,
        (cell) => cell.newerSlower,
      ),
      share: failed / all,
    }
  })
}

/** Of what befell one of the two alone: by chance as often the newer as the older. */
const signTest = (newer: number, older: number) => ({
  failed: newer,
  of: newer + older,
  atMost: 0.5,
  eValue: eValue(newer, newer + older, 0.5),
  isShared: false,
})

/** The highest rate that both what was before and what is now make believable. */
function ratePossible(before: Tally | undefined, now: Tally): number {
  const [failed, requests] = [(before?.failed ?? 0) + now.failed, (before?.requests ?? 0) + now.requests]
  return requests < fewestPairs ? unknownRate : Math.min(0.99, highestRate(failed, requests))
}

/**
 * Whether what fails now may be no more the newer version's than the older's: the older was asked enough to have shown it, and
 * of what either failed the newer has not failed more than its part, beyond a chance of one in 200.
 */
function mayBeShared(newer: Tally, older: Tally): boolean {
  const wouldShow = (older.requests * newer.failed) / newer.requests >= 3
  const part = newer.requests / (newer.requests + older.requests)
  return wouldShow && eValue(newer.failed, newer.failed + older.failed, part) < 200
}

const olderOfPairs = (cells: readonly ComparisonCell[]): Tally => ({
  requests: sum(cells, (cell) => cell.pairs),
  failed: sum(cells, (cell) => cell.both + cell.onlyOlder),
})

function clientsOf(
  cells: readonly ComparisonCell[],
  seen: (cell: ComparisonCell) => number,
  failing: (cell: ComparisonCell) => number,
): Finding["clients"] {
  const who = (count: (cell: ComparisonCell) => number) => new Set(cells.filter((cell) => count(cell) > 0).map(({ client }) => client)).size
  const isOwn = cells.some((cell) => cell.client === ownClient && failing(cell) > 0)
  return { failing: who(failing), seen: who(seen), own: isOwn ? "own" : "others" }
}

const byRoute = (cells: readonly ComparisonCell[]) => Map.groupBy(cells, ({ route }) => route)

const sum = (cells: readonly ComparisonCell[], count: (cell: ComparisonCell) => number) =>
  cells.reduce((total, cell) => total + count(cell), 0)

const tally = (cells: readonly ComparisonCell[], pick: (cell: ComparisonCell) => Tally): Tally => ({
  requests: sum(cells, (cell) => pick(cell).requests),
  failed: sum(cells, (cell) => pick(cell).failed),
})
