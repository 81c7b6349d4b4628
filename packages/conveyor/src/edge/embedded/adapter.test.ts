// The embedded edge keeps the promises of every edge, as a process of its own.
import { describeEdge } from "../edge.contract.ts"
import { embeddedEdge } from "./embedded-edge.ts"

describeEdge("embedded edge", () => embeddedEdge())
