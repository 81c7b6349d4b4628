// Reads and small writes in turn, across the switches. Loaded by the witness.
import type { Scenario } from "../../../packages/witness/src/scenario.ts"
import get from "./get.ts"
import post from "./post.ts"

const scenario: Scenario = { name: "keep-alive GET and POST", requests: [...get.requests, ...post.requests] }

export default scenario
