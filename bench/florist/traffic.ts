// Traffic of the flower shops for the bench: 85 of 100 requests read. FLORIST_SHOPS says how many shops there are, FLORIST_ONLY asks one service alone.
// Loaded by the witness.
import type { Scenario, WeightedRequest } from "../../packages/witness/src/scenario.ts"
import { ownersSessions } from "../../demo/src/model.ts"
import { floristRequests } from "../../demo/src/traffic.ts"

const readsInHundred = 85
const shops = Number(process.env.FLORIST_SHOPS)
const only = process.env.FLORIST_ONLY
const { reads, writes } = floristRequests({ shops, sessions: await ownersSessions(shops) })

/** Receipts are uploads over seconds: traffic for a release, not for a measure of latency. */
const short = writes.slice(0, -1)

const scenario: Scenario = {
  name: "florist, 85 reads of 100",
  requests:
    only === undefined
      ? [...weighing(reads, readsInHundred), ...weighing(short, 100 - readsInHundred)]
      : reads.filter(({ service }) => service === only),
}

export default scenario

/** The same proportions, with a given sum. */
function weighing(requests: readonly WeightedRequest[], sum: number): WeightedRequest[] {
  const all = requests.reduce((total, { weight }) => total + weight, 0)
  return requests.map((request) => ({ ...request, weight: (request.weight * sum) / all }))
}
