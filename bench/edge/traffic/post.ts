// Small writes. Loaded by the witness and by saturate.ts.
import type { Scenario } from "../../../packages/witness/src/scenario.ts"

const body = JSON.stringify({ shop: 4711, amount: 125_000, method: "qr", order: "0b0e7a3c-5c1e-4b5e-9b6e-0d1a2c3f4e5a" })
const headers = { "content-type": "application/json" }

const scenario: Scenario = {
  name: "keep-alive POST of 90 bytes",
  requests: [{ weight: 1, make: () => ({ method: "POST", path: "/api/v1/payments", headers, body }) }],
}

export default scenario
