// Reads: what most requests are. Loaded by the witness and by saturate.ts.
import type { Scenario } from "../../../packages/witness/src/scenario.ts"

const scenario: Scenario = {
  name: "keep-alive GET",
  requests: [{ weight: 1, make: () => ({ method: "GET", path: "/api/v1/catalog", headers: { accept: "application/json" } }) }],
}

export default scenario
