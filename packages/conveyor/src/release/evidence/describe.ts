// The judge's findings in the reader's words. Pure. Called by the judge.
import type { Comparison, ComparisonCell } from "../../edge/edge.ts"
import { smallestFault } from "./findings.ts"
import type { Finding } from "./findings.ts"

export const whyUnproven = ({ isShared, clients }: Finding): string =>
  isShared
    ? "but the older version may fail now as well"
    : `but ${count(clients.failing, "client")} alone ${clients.failing === 1 ? "says" : "say"} so`

export function describeFinding({ test, route, failed, of, clients }: Finding, { older }: Comparison): string {
  const seen = {
    pairs: `worse than ${older} at the same moment: of ${of} requests that one of the two alone failed, ${failed} were failed by the new version`,
    alone: `more errors than before: ${failed} of ${of} ${route} failed`,
    slower: `slower than ${older} at the same moment: of ${of} ${route} that one of the two answered much slower, ${failed} were slower on the new version`,
  }
  return `${seen[test]}, seen by ${clients.own === "own" && clients.failing === 1 ? "the conveyor itself" : count(clients.failing, "client")}`
}

export function describeSeen({ older, cells }: Comparison, requests: number): string {
  const sum = (pick: (cell: ComparisonCell) => number) => cells.reduce((total, cell) => total + pick(cell), 0)
  const [pairs, one, other, both] = [
    sum((cell) => cell.pairs),
    sum((cell) => cell.onlyNewer),
    sum((cell) => cell.onlyOlder),
    sum((cell) => cell.both),
  ]
  const alone = sum((cell) => cell.newer.failed)
  const compared = `${pairs} compared with ${older} at the same moment: ${one} failed on the new version alone, ${other} on ${older} alone, ${both} on both`
  const fault = smallestFault(cells)
  const power = fault >= 1 ? "" : `; a fault in ${(100 * fault).toFixed(1)}% of what reads would have shown`
  return `${count(requests, "request")}, ${compared}; ${alone} of ${sum((cell) => cell.newer.requests)} others failed${power}`
}

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`
